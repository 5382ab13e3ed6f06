//! The keys of a profile: what `aws configure` writes into `~/.aws`.

use std::path::{Path, PathBuf};

/// What a profile says. Source: AWS SDKs and tools reference, "Shared config and credentials files".
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) key_id: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) token: Option<String>,
    pub(super) region: Option<String>,
    /// A way to credentials that is not read here: `sso_session`, `role_arn`, `credential_process`.
    pub(super) other: Option<String>,
}

/// Reads a profile from the two files, which need not exist.
pub(super) fn read(files: [PathBuf; 2], name: &str) -> Profile {
    let text = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let [credentials, config] = files;
    let mut profile = Profile::default();
    // In `config` all but the default one have a word before their name.
    let in_config = match name {
        "default" => name.to_owned(),
        name => format!("profile {name}"),
    };
    profile.add(&text(&credentials), name);
    profile.add(&text(&config), &in_config);
    profile
}

impl Profile {
    fn add(&mut self, text: &str, section: &str) {
        let mut is_ours = false;
        for line in text.lines().map(str::trim) {
            if let Some(head) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
                is_ours = head.split_whitespace().eq(section.split_whitespace());
                continue;
            }
            let Some((key, value)) = line.split_once('=').filter(|_| is_ours) else {
                continue;
            };
            let (key, value) = (key.trim(), value.trim().to_owned());
            let place = match key {
                "aws_access_key_id" => &mut self.key_id,
                "aws_secret_access_key" => &mut self.secret,
                "aws_session_token" => &mut self.token,
                "region" => &mut self.region,
                "sso_session" | "sso_start_url" | "role_arn" | "credential_process" => {
                    self.other.get_or_insert(key.to_owned());
                    continue;
                }
                _ => continue,
            };
            place.get_or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_from_both_files() {
        let dir = tempfile::tempdir().unwrap();
        let files = ["credentials", "config"].map(|name| dir.path().join(name));
        std::fs::write(
            &files[0],
            "# keys\n[default]\naws_access_key_id=A\naws_secret_access_key = B=\n\n[night]\naws_access_key_id = C\naws_secret_access_key = D\naws_session_token = E\n",
        )
        .unwrap();
        std::fs::write(
            &files[1],
            "[default]\nregion = eu-north-1\n[profile night]\nregion = us-west-2\naws_access_key_id = late\n[ profile  sso ]\nsso_session = x\n",
        )
        .unwrap();
        let some = |text: &str| Some(text.to_owned());
        let named = |name: &str| read(files.clone(), name);
        let default = named("default");
        assert_eq!((default.key_id, default.secret), (some("A"), some("B=")));
        assert_eq!((default.token, default.region), (None, some("eu-north-1")));
        let night = named("night");
        assert_eq!((night.key_id, night.secret), (some("C"), some("D")));
        assert_eq!((night.token, night.region), (some("E"), some("us-west-2")));
        assert_eq!(named("sso").other, some("sso_session"));
        assert_eq!(named("none"), Profile::default());
    }
}
