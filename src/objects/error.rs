//! Why an object cannot be had.

use std::io;

use crate::secret::{Scrubber, without_address_secrets};

/// An object cannot be had. No message holds a credential or a signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The address cannot be used.
    #[error("{shown}: {reason}")]
    Address {
        /// What may be shown of it.
        shown: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The credentials or other settings of the cloud cannot be used.
    #[error("{shown}: {words}")]
    Settings {
        /// What may be shown of the address.
        shown: String,
        /// What is wrong, and what to set.
        words: String,
    },
    /// Whoever has it does not give it.
    #[error(
        "{shown} may not be read ({words}). Check the credentials and their rights; a signed address may have expired."
    )]
    Refused {
        /// What may be shown of the address.
        shown: String,
        /// The answer.
        words: String,
    },
    /// It is not the object that was listed any more.
    #[error(
        "{shown} was replaced while it was read. Nothing was sent; run again when the export is complete."
    )]
    Changed {
        /// What may be shown of the address.
        shown: String,
    },
    /// It is gone since it was listed.
    #[error("{shown} was deleted while it was read. Nothing was sent.")]
    Gone {
        /// What may be shown of the address.
        shown: String,
    },
    /// It could not be read to its end.
    #[error("cannot read {shown}: {words}")]
    Broken {
        /// What may be shown of the address.
        shown: String,
        /// What happened.
        words: String,
    },
    /// The copy cannot be written.
    #[error("cannot write the copy of {shown}: {source}. Set TMPDIR to a folder with room.")]
    Disk {
        /// What may be shown of the address.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Characters of somebody else's words that are shown.
const SHOWN: usize = 300;

/// What a store answered, in a line: of a page of XML, its code and message.
pub(super) fn answer(text: &str) -> String {
    let part = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (part, _) = rest.split_once(&format!("</{name}>"))?;
        Some(part.trim().to_owned())
    };
    let text = match (part("Code"), part("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code,
        // What the library did, and how long it took, stands before what the store said.
        _ => match text.split_once("Error performing ") {
            Some((_, rest)) => rest.split_once(" - ").map_or(rest, |(_, said)| said),
            None => text,
        }
        .to_owned(),
    };
    let plain = Scrubber::new().scrub(&without_address_secrets(&text));
    let mut plain: Vec<&str> = plain.split_whitespace().collect();
    // Where it was asked is in the message already.
    plain.retain(|word| !word.contains("://"));
    let plain = plain.join(" ");
    match plain.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_line_without_secrets() {
        for (text, says) in [
            (
                "Error performing GET http://127.0.0.1/b?sig=HUSHHUSH in 3ms - <?xml?><Error><Code>AccessDenied</Code><Message>No\nway</Message></Error>",
                "AccessDenied: No way",
            ),
            (
                "Generic S3 error: Error performing PUT http://h/x in 24.373648ms - Server returned non-2xx status code: 403 Forbidden: denied",
                "Server returned non-2xx status code: 403 Forbidden: denied",
            ),
            (
                "GET https://h/a?sig=HUSHHUSH: reset by peer",
                "GET reset by peer",
            ),
        ] {
            assert_eq!(answer(text), says);
        }
        assert!(answer(&"x ".repeat(1000)).ends_with('…'));
    }
}
