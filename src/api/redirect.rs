//! An answer that sends the request elsewhere (pure). It is never followed: a create would be sent to an address that nobody
//! chose. What is said instead is where it points to, and what to set.

use reqwest::Url;

/// What is said of an answer of this status to a request at `asked`, below the API's `base`; `None` where it is no redirect.
/// A query of the `Location` may hold a secret, and so do a name and password: neither is shown.
pub(super) fn words(
    status: u16,
    location: Option<&str>,
    asked: &Url,
    base: &Url,
) -> Option<String> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let begin = format!("the API at {} answered {status}, a redirect", shown(base));
    let Some(to) = location.and_then(|l| asked.join(l).ok()) else {
        return Some(format!(
            "{begin} without a Location: check --api-url (PARTNER_SYNC_API_URL)"
        ));
    };
    let begin = format!("{begin} (Location: {}), which is not followed", shown(&to));
    Some(match new_base(&to, asked, base) {
        Some(new) => format!(
            "{begin}: if that is the API, set --api-url {new} (PARTNER_SYNC_API_URL). The state keeps its rows under the address of the API"
        ),
        None => format!(
            "{begin}: that is not another address of the API. Check whether a login page or a proxy is in between, and check --api-url (PARTNER_SYNC_API_URL)"
        ),
    })
}

/// The base under which `to` is what `asked` is under `base`; none where there is none, or where it is the same.
fn new_base(to: &Url, asked: &Url, base: &Url) -> Option<String> {
    let whole = |url: &Url| url.path().trim_end_matches('/').to_owned();
    let path = whole(asked);
    let within = path.strip_prefix(&whole(base))?.to_owned();
    let prefix = whole(to).strip_suffix(&within)?.to_owned();
    let mut new = plain(to);
    new.set_path(&prefix);
    let mut old = plain(base);
    old.set_path(&whole(base));
    let text = new.as_str().trim_end_matches('/').to_owned();
    (new != old).then_some(text)
}

/// An address without name, password, query and fragment.
fn plain(url: &Url) -> Url {
    let mut plain = url.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    // An address that can have neither has neither.
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    plain
}

/// An address as it may be shown.
fn shown(url: &Url) -> String {
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("{}{query}", plain(url).as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_names_where_it_points_to_and_what_to_set() {
        let base = "https://old.example/orgs/";
        let list = "https://old.example/orgs/api/v2/partners?searchTerm=Secret";
        let health = "https://old.example/orgs/healthcheck";
        for (asked, location, wanted) in [
            (
                list,
                Some("https://new.example/api/v2/partners?searchTerm=Secret"),
                "--api-url https://new.example (PARTNER",
            ),
            (
                list,
                Some("https://new.example/v/api/v2/partners/"),
                "--api-url https://new.example/v (PARTNER",
            ),
            (
                list,
                Some("//new.example/api/v2/partners"),
                "--api-url https://new.example (PARTNER",
            ),
            (
                list,
                Some("/api/v2/partners"),
                "--api-url https://old.example (PARTNER",
            ),
            (
                health,
                Some("https://u:Secret@new.example:8443/orgs/healthcheck"),
                "--api-url https://new.example:8443/orgs (PARTNER",
            ),
            (
                list,
                Some("https://login.example/sso?return=Secret#Secret"),
                "https://login.example/sso?…), which is not followed: that is not another",
            ),
            (
                list,
                Some("/orgs/api/v2/partners/"),
                "that is not another address of the API",
            ),
            (
                list,
                Some("http://["),
                "without a Location: check --api-url",
            ),
            (list, None, "without a Location: check --api-url"),
        ] {
            let (asked, base) = (asked.parse().unwrap(), base.parse().unwrap());
            for status in [301, 302, 303, 307, 308] {
                let words = words(status, location, &asked, &base).unwrap();
                assert!(words.contains(wanted), "{location:?}: {words}");
                assert!(
                    words.contains(&format!("answered {status}, a redirect")),
                    "{words}"
                );
                assert!(
                    words.contains("https://old.example/orgs ") && !words.contains("Secret"),
                    "{words}"
                );
            }
            for status in [200, 300, 304, 305, 404] {
                assert_eq!(words(status, location, &asked, &base), None);
            }
        }
    }
}
