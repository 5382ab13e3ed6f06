//! The one spelling of an address (pure).

use std::borrow::Cow;

/// This machine, however it is called.
const LOOPBACK: &[&str] = &["localhost", "127.0.0.1", "[::1]", "[::ffff:7f00:1]"];

/// The spelling by which the state knows an API. Two addresses with one spelling are one API: letter case of scheme and
/// host, a dot at the host's end, the port that the scheme has anyway, a slash at the end, and the names of this machine
/// make no difference. The path keeps its letter case. What is no `http` address, like `sandbox:` and a name, is kept.
#[must_use]
pub fn address_of(target: &str) -> String {
    let parts = target
        .split_once("://")
        .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
    let Some((scheme, rest)) = parts else {
        return target.to_owned();
    };
    let default_port = match scheme.as_str() {
        "http" => "80",
        "https" => "443",
        _ => return target.to_owned(),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // A colon within brackets is of an IPv6 address.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    let host = if LOOPBACK.contains(&host) {
        "127.0.0.1"
    } else {
        host
    };
    let port = if port.is_empty() || port == default_port {
        Cow::Borrowed("")
    } else {
        Cow::Owned(format!(":{port}"))
    };
    format!("{scheme}://{host}{port}{}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_spelling() {
        let table: &[(&str, &[&str])] = &[
            (
                "https://orgs.ecg-api.com",
                &[
                    "https://orgs.ecg-api.com/",
                    "https://orgs.ecg-api.com:443",
                    "https://ORGS.ecg-API.com.:443//",
                    "HTTPS://orgs.ecg-api.com",
                ],
            ),
            (
                "http://127.0.0.1:4010",
                &[
                    "http://localhost:4010",
                    "http://LocalHost.:4010/",
                    "http://[::1]:4010",
                    "http://[::ffff:7f00:1]:4010/",
                ],
            ),
            (
                "http://127.0.0.1",
                &["http://[::1]", "http://[::1]:80/", "http://localhost"],
            ),
            (
                "https://127.0.0.1:80/Mock/Orgs",
                &["https://localhost:80/Mock/Orgs/"],
            ),
            ("http://[2001:db8::1]:8080", &["http://[2001:DB8::1]:8080/"]),
            ("http://[2001:db8::1]", &["http://[2001:db8::1]:80"]),
            ("sandbox:4F2a", &[]),
            ("", &[]),
            ("ftp://Localhost/", &[]),
        ];
        let mut all = std::collections::BTreeSet::new();
        for (one, others) in table {
            assert!(all.insert(address_of(one)));
            assert_eq!(address_of(one), *one);
            for other in *others {
                assert_eq!(address_of(other), *one, "{other}");
            }
        }
    }

    #[test]
    fn what_may_be_another_api_is_another_address() {
        let all = [
            "http://127.0.0.1",
            "https://127.0.0.1",
            "http://127.0.0.2",
            "http://127.0.0.1:8080",
            "http://127.0.0.1/a",
            "http://127.0.0.1/A",
            "http://localhost.example.com",
        ];
        let spelled: std::collections::BTreeSet<_> = all.map(address_of).into();
        assert_eq!(spelled.len(), all.len());
    }
}
