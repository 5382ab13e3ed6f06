//! Who may come in: a request is judged before anything else happens to it. Pure; time is an argument.
//!
//! A server on this machine can be reached by every page that the browser shows and by everybody who has an account here. The
//! rules, each seen broken elsewhere: the `Host` is ours to the letter (a name that resolves to 127.0.0.1 is somebody else's
//! page); what changes something comes from our own page (`Origin`, `Sec-Fetch-Site`, a token in the form, a content type
//! that no page can send unasked); the permission is a cookie, given once for a token that works once and not for long.

use std::time::{Duration, Instant};

/// How long the address that is opened works.
pub(super) const KEY_LASTS: Duration = Duration::from_mins(1);
/// The name of the cookie.
const COOKIE: &str = "partner_sync_map";
/// What a form is sent as.
const FORM: &str = "application/x-www-form-urlencoded";

/// What is looked at of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Caller<'r> {
    pub(super) is_post: bool,
    pub(super) path: &'r str,
    /// Every `Host` header, and the authority of an absolute address.
    pub(super) hosts: &'r [&'r str],
    pub(super) origin: Option<&'r str>,
    pub(super) fetch_site: Option<&'r str>,
    pub(super) content_type: Option<&'r str>,
    /// Every `Cookie` header.
    pub(super) cookies: &'r [&'r str],
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is meant for another host.
    Host,
    /// It is outside the workbench's own folder of addresses.
    Path,
    /// Another page sent it.
    CrossSite,
    /// It is no form.
    ContentType,
    /// It has no permission, or not the right one.
    Permission,
    /// The form's token is missing or another one.
    FormToken,
    /// The key of the address was used already, or is too old, or another one.
    Key,
}

impl Refused {
    pub(super) fn status(self) -> u16 {
        match self {
            Refused::Host => 421,
            Refused::Path => 404,
            Refused::ContentType => 415,
            Refused::CrossSite | Refused::Permission | Refused::FormToken | Refused::Key => 403,
        }
    }

    /// For the person who sees it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Refused::Host => "This request is meant for another host.",
            Refused::Path => "There is nothing here.",
            Refused::CrossSite => "This request comes from another page, so it was refused.",
            Refused::ContentType => "This request is not a form of the workbench.",
            Refused::Permission => {
                "This browser has no permission for the workbench. Run partner-sync map again and use the address that it prints."
            }
            Refused::FormToken => {
                "This form is not from this workbench. Reload the page and try again."
            }
            Refused::Key => {
                "This address works once, for a minute. Run partner-sync map again and use the address that it prints."
            }
        }
    }
}

/// What one workbench knows of its callers.
#[derive(Debug)]
pub(super) struct Access {
    host: String,
    /// The folder of its addresses: other servers of 127.0.0.1 do not get the cookie, which belongs to it.
    folder: String,
    key: Option<(String, Instant)>,
    permission: String,
    form_token: String,
}

/// A text that nobody guesses: 244 random bits.
fn random() -> String {
    let half = || uuid::Uuid::new_v4().simple().to_string();
    half() + &half()
}

/// Compares in a time that does not depend on where the two differ: hashes are compared, and in constant time.
fn is_same(given: &str, expected: &str) -> bool {
    blake3::hash(given.as_bytes()) == blake3::hash(expected.as_bytes())
}

impl Access {
    /// For a server at a port; the key of the address works from `now` on.
    pub(super) fn new(port: u16, now: Instant) -> Self {
        Self {
            host: format!("127.0.0.1:{port}"),
            folder: format!("/{}/", &random()[..16]),
            key: Some((random(), now)),
            permission: random(),
            form_token: random(),
        }
    }

    /// The address that is opened once.
    pub(super) fn address(&self) -> String {
        let key = self.key.as_ref().map_or("", |(key, _)| key.as_str());
        format!("http://{}{}open/{key}", self.host, self.folder)
    }

    /// The folder of all addresses, `/…/`.
    pub(super) fn folder(&self) -> &str {
        &self.folder
    }

    /// What each form of the page has to send.
    pub(super) fn form_token(&self) -> &str {
        &self.form_token
    }

    /// The cookie that the key is exchanged for.
    pub(super) fn cookie(&self) -> String {
        format!(
            "{COOKIE}={}; Path={}; HttpOnly; SameSite=Strict",
            self.permission, self.folder
        )
    }

    /// Judges a request before it is routed, and returns its path within the folder.
    pub(super) fn enter<'r>(
        &mut self,
        caller: &Caller<'r>,
        now: Instant,
    ) -> Result<&'r str, Refused> {
        if caller.hosts.is_empty() || caller.hosts.iter().any(|host| *host != self.host) {
            return Err(Refused::Host);
        }
        let path = caller.path.strip_prefix(self.folder.as_str());
        let path = path.ok_or(Refused::Path)?;
        if let Some(key) = path.strip_prefix("open/")
            && !caller.is_post
        {
            return self.take_key(key, now).map(|()| "open");
        }
        // A page elsewhere may link to this one; what the browser then sends has no cookie, and this says it once more.
        if caller
            .fetch_site
            .is_some_and(|site| !matches!(site, "same-origin" | "none"))
        {
            return Err(Refused::CrossSite);
        }
        let permission = caller.cookies.iter().flat_map(|c| c.split(';'));
        let mut permission =
            permission.filter_map(|c| c.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        if !permission.any(|given| is_same(given, &self.permission)) {
            return Err(Refused::Permission);
        }
        if caller.is_post {
            self.judge_post(caller)?;
        }
        Ok(path)
    }

    fn judge_post(&self, caller: &Caller<'_>) -> Result<(), Refused> {
        let own = format!("http://{}", self.host);
        let is_ours = match caller.origin {
            Some(origin) if origin == own => {
                caller.fetch_site.is_none_or(|site| site == "same-origin")
            }
            // A page without referrers sends its forms without their origin (Fetch, "append a request Origin header"). That it
            // was this page, the browser says in another header, which no page can set.
            Some("null") => caller.fetch_site == Some("same-origin"),
            _ => false,
        };
        if !is_ours {
            return Err(Refused::CrossSite);
        }
        let kind = caller.content_type.unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim();
        if !kind.eq_ignore_ascii_case(FORM) {
            return Err(Refused::ContentType);
        }
        Ok(())
    }

    /// Judges the token of a form.
    pub(super) fn judge_form(&self, token: Option<&str>) -> Result<(), Refused> {
        let is_ours = token.is_some_and(|token| is_same(token, &self.form_token));
        is_ours.then_some(()).ok_or(Refused::FormToken)
    }

    /// The key works once, and not for long; one that is wrong uses it up no more than a guess would.
    fn take_key(&mut self, given: &str, now: Instant) -> Result<(), Refused> {
        let Some((key, since)) = &self.key else {
            return Err(Refused::Key);
        };
        if now.saturating_duration_since(*since) > KEY_LASTS || !is_same(given, key) {
            return Err(Refused::Key);
        }
        self.key = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> (Access, Instant) {
        let now = Instant::now();
        (Access::new(4711, now), now)
    }

    #[test]
    fn the_key_works_once_and_for_a_minute() {
        let (mut access, now) = access();
        let address = access.address();
        let path = address
            .strip_prefix("http://127.0.0.1:4711")
            .unwrap()
            .to_owned();
        let caller = Caller {
            path: &path,
            hosts: &["127.0.0.1:4711"],
            ..Caller::default()
        };
        let wrong = format!("{}open/{}", access.folder(), random());
        let guess = Caller {
            path: &wrong,
            ..caller
        };
        assert_eq!(access.enter(&guess, now), Err(Refused::Key));
        let late = now + KEY_LASTS + Duration::from_millis(1);
        assert_eq!(access.enter(&caller, late), Err(Refused::Key));
        let posted = Caller {
            is_post: true,
            ..caller
        };
        assert_eq!(access.enter(&posted, now), Err(Refused::Permission));
        assert_eq!(access.enter(&caller, now + KEY_LASTS), Ok("open"));
        assert_eq!(access.enter(&caller, now), Err(Refused::Key));
    }

    /// A way in which a request is wrong.
    type Wrong = for<'a> fn(Caller<'a>) -> Caller<'a>;

    const WRONG: &[(Refused, Wrong)] = &[
        (Refused::Host, |c| Caller { hosts: &[], ..c }),
        (Refused::Host, |c| Caller {
            hosts: &["localhost:4711"],
            ..c
        }),
        (Refused::Host, |c| Caller {
            hosts: &["127.0.0.1"],
            ..c
        }),
        (Refused::Host, |c| Caller {
            hosts: &["evil.example:4711"],
            ..c
        }),
        (Refused::Host, |c| Caller {
            hosts: &["127.0.0.1:4711", "evil.example"],
            ..c
        }),
        (Refused::Path, |c| Caller { path: "/", ..c }),
        (Refused::Path, |c| Caller {
            path: "/0123456789abcdef/change",
            ..c
        }),
        (Refused::CrossSite, |c| Caller { origin: None, ..c }),
        (Refused::CrossSite, |c| Caller {
            origin: Some("null"),
            fetch_site: None,
            ..c
        }),
        (Refused::CrossSite, |c| Caller {
            origin: Some("null"),
            fetch_site: Some("cross-site"),
            ..c
        }),
        (Refused::CrossSite, |c| Caller {
            origin: Some("http://127.0.0.1:4712"),
            ..c
        }),
        (Refused::CrossSite, |c| Caller {
            fetch_site: Some("cross-site"),
            ..c
        }),
        (Refused::CrossSite, |c| Caller {
            fetch_site: Some("same-site"),
            ..c
        }),
        (Refused::CrossSite, |c| Caller {
            fetch_site: Some("none"),
            ..c
        }),
        (Refused::ContentType, |c| Caller {
            content_type: None,
            ..c
        }),
        (Refused::ContentType, |c| Caller {
            content_type: Some("text/plain"),
            ..c
        }),
        (Refused::ContentType, |c| Caller {
            content_type: Some("multipart/form-data"),
            ..c
        }),
        (Refused::Permission, |c| Caller { cookies: &[], ..c }),
        (Refused::Permission, |c| Caller {
            cookies: &["partner_sync_map=0", "x=1"],
            ..c
        }),
    ];

    #[test]
    fn each_rule_refuses_by_itself() {
        let (mut access, now) = access();
        let path = format!("{}change", access.folder());
        let cookie = access.cookie();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let cookies = [cookie.as_str()];
        let good = Caller {
            is_post: true,
            path: &path,
            hosts: &["127.0.0.1:4711"],
            origin: Some("http://127.0.0.1:4711"),
            fetch_site: Some("same-origin"),
            content_type: Some("application/x-www-form-urlencoded; charset=UTF-8"),
            cookies: &cookies,
        };
        assert_eq!(access.enter(&good, now), Ok("change"));
        let old_browser = Caller {
            fetch_site: None,
            ..good
        };
        assert_eq!(access.enter(&old_browser, now), Ok("change"));
        let form_without_script = Caller {
            origin: Some("null"),
            ..good
        };
        assert_eq!(access.enter(&form_without_script, now), Ok("change"));
        for (expected, wrong) in WRONG {
            let caller = wrong(good);
            assert_eq!(access.enter(&caller, now), Err(*expected), "{caller:?}");
        }
        let read = Caller {
            is_post: false,
            origin: None,
            fetch_site: Some("cross-site"),
            ..good
        };
        assert_eq!(access.enter(&read, now), Err(Refused::CrossSite));
        for site in ["none", "same-origin"] {
            let read = Caller {
                fetch_site: Some(site),
                ..read
            };
            assert_eq!(access.enter(&read, now), Ok("change"));
        }
        assert_eq!(access.judge_form(None), Err(Refused::FormToken));
        assert_eq!(access.judge_form(Some("")), Err(Refused::FormToken));
        let token = access.form_token().to_owned();
        assert_eq!(access.judge_form(Some(&token)), Ok(()));
    }

    #[test]
    fn two_workbenches_share_nothing() {
        let now = Instant::now();
        let (one, other) = (Access::new(1, now), Access::new(1, now));
        assert_ne!(one.folder(), other.folder());
        assert_ne!(one.cookie(), other.cookie());
        assert_ne!(one.address(), other.address());
        assert_ne!(one.form_token(), other.form_token());
    }
}
