//! A column's name, taken apart: the ways to read it, and which address or telephone number it belongs to.
//!
//! Names are compared folded: letters and digits, small, without accents. `cust_nm`, `CustNm` and "Customer Name" are one name.

use super::name_words::{GROUPS, Group, LINKS, MARKS, MOBILE, RECORDS, SHORT};

/// Letters and digits in small letters, without accents.
pub(super) fn fold(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => out.push('a'),
            'é' | 'è' | 'ê' | 'ë' => out.push('e'),
            'í' | 'ì' | 'î' | 'ï' => out.push('i'),
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' => out.push('o'),
            'ú' | 'ù' | 'û' | 'ü' => out.push('u'),
            'ç' => out.push('c'),
            'ñ' => out.push('n'),
            'ß' => out.push_str("ss"),
            'œ' => out.push_str("oe"),
            'æ' => out.push_str("ae"),
            // "N°" and "Nº" are numbers.
            '°' | 'º' => out.push('o'),
            c if c.is_alphanumeric() => out.push(c),
            _ => {}
        }
    }
    out
}

/// The words of a name, folded: apart at other characters, and where a small letter stands before a capital.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let next_is_small = rest.peek().is_some_and(|n| n.is_lowercase());
        let begins =
            c.is_uppercase() && (before.is_lowercase() || before.is_uppercase() && next_is_small);
        let is_inside = c.is_alphanumeric() || matches!(c, '°' | 'º' | '\u{300}'..='\u{36f}');
        if begins || !is_inside {
            words.push(fold(&word));
            word.clear();
        }
        // "Account #" is a number; in "Phone #2" the number stands there itself.
        if c == '#' && !rest.peek().is_some_and(|n| n.is_alphanumeric()) {
            words.push("number".to_owned());
        }
        if is_inside {
            word.push(c);
        }
        before = c;
    }
    words.push(fold(&word));
    words.retain(|w| !w.is_empty());
    words
}

/// Names as they may be meant, written together: as it is, and with what is short written out.
pub(super) fn spellings(words: &[String]) -> Vec<String> {
    let mut all = vec![words.concat()];
    let long: Vec<String> = words.iter().map(|word| written_out(word)).collect();
    let last = long.last().filter(|_| long.len() > 1);
    let is_marked = last.is_some_and(|last| MARKS.contains(&last.as_str()));
    for words in [&long[..], &long[..long.len() - usize::from(is_marked)]] {
        let spelling = words.concat();
        if !spelling.is_empty() && !all.contains(&spelling) {
            all.push(spelling);
        }
    }
    all
}

/// What is short written out, with a number behind it too: `ln2` is a second line.
fn written_out(word: &str) -> String {
    let find = |word: &str| SHORT.iter().find(|(short, _)| word == *short);
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
    match find(word).or_else(|| find(letters)) {
        Some((short, long)) => format!("{long}{}", &word[short.len()..]),
        None => word.to_owned(),
    }
}

/// A column's name, read.
#[derive(Debug, Clone)]
pub(super) struct Spelled {
    /// The whole name, and without the record that it belongs to in front.
    pub(super) whole: Vec<String>,
    /// Those, and without the words that say which address or telephone number it is.
    pub(super) part: Vec<String>,
    pub(super) group: Group,
    /// Something stands in brackets, or it is of a person beside the organization: what is found by the rest is to be decided.
    pub(super) is_doubtful: bool,
}

impl Spelled {
    pub(super) fn of(name: &str) -> Self {
        // Salesforce marks its users' own fields, Pipedrive each part of the address.
        let name = name
            .strip_suffix("__c")
            .or_else(|| name.strip_suffix("__C"))
            .unwrap_or(name);
        let name = name.strip_suffix(" of Address").unwrap_or(name);
        // Odoo writes the id of a record that another field names.
        let name = name.strip_suffix("/id").unwrap_or(name);
        let (name, is_doubtful) = without_brackets(name);
        let all = with_numbers(words(&name));
        let mut whole = spellings(&all);
        for words in without_record(&all) {
            add(&mut whole, spellings(words));
        }
        let mut part = Vec::new();
        let mut group = Group::Main;
        if all.iter().any(|w| MOBILE.contains(&w.as_str())) {
            group = Group::Mobile;
        }
        if let Some((found, words)) = without_group(&all) {
            group = if group == Group::Mobile { group } else { found };
            for words in without_links(&words) {
                for shorter in without_record(&words) {
                    add(&mut part, spellings(shorter));
                }
                add(&mut part, spellings(&words));
            }
        } else {
            for words in without_links(&all) {
                add(&mut part, spellings(&words));
            }
        }
        Self {
            whole,
            part,
            group,
            is_doubtful,
        }
    }
}

/// `Address 1: City` numbers its addresses: the number belongs to the first word where more follow.
fn with_numbers(mut words: Vec<String>) -> Vec<String> {
    if let [first, number, _, ..] = &words[..]
        && LINKS.contains(&first.as_str())
        && matches!(number.as_str(), "1" | "2")
    {
        words[0] = format!("address{number}");
        words.remove(1);
    }
    words
}

fn add(all: &mut Vec<String>, more: Vec<String>) {
    for one in more {
        if !one.is_empty() && !all.contains(&one) {
            all.push(one);
        }
    }
}

/// The name without what stands in round brackets behind it, and whether something did.
fn without_brackets(name: &str) -> (String, bool) {
    match name.split_once('(') {
        Some((before, _)) if !before.trim().is_empty() => (before.trim().to_owned(), true),
        _ => (name.to_owned(), false),
    }
}

/// The words without those in front that say which record it is, one after the other.
fn without_record(words: &[String]) -> Vec<&[String]> {
    let mut all = Vec::new();
    let mut rest = words;
    while let [first, behind @ ..] = rest {
        let long = SHORT
            .iter()
            .find(|(short, _)| first == short)
            .map_or(first.as_str(), |(_, long)| *long);
        if behind.is_empty() || !RECORDS.contains(&long) {
            break;
        }
        rest = behind;
        all.push(rest);
    }
    all
}

/// The words without the one that says which address or telephone number it is.
fn without_group(words: &[String]) -> Option<(Group, Vec<String>)> {
    for (at, word) in words.iter().enumerate() {
        for (group, names) in GROUPS {
            let mut rest = words.to_vec();
            if names.contains(&word.as_str()) {
                rest.remove(at);
            } else if let Some(behind) = german(*group, names, word) {
                rest[at] = behind;
            } else {
                continue;
            }
            if !rest.is_empty() {
                return Some((*group, rest));
            }
        }
    }
    // `phone_2`, "City 2".
    match words {
        [front @ .., last] if !front.is_empty() && last == "2" => {
            Some((Group::Second, front.to_vec()))
        }
        _ => None,
    }
}

/// What stands behind a German word that is written together with it: `Rechnungsort`.
fn german(group: Group, names: &[&str], word: &str) -> Option<String> {
    if !matches!(group, Group::Billing | Group::Shipping) {
        return None;
    }
    let together = [
        "rechnungs",
        "lieferungs",
        "liefer",
        "factuur",
        "bezorg",
        "aflever",
    ];
    names
        .iter()
        .filter(|name| together.contains(name))
        .find_map(|name| word.strip_prefix(name))
        .filter(|behind| behind.len() >= 3)
        .map(str::to_owned)
}

/// The words as they are, and without those at both ends that only link them.
fn without_links(words: &[String]) -> Vec<Vec<String>> {
    let mut all = vec![words.to_vec()];
    let mut rest = words;
    loop {
        rest = match rest {
            [first, behind @ ..] if !behind.is_empty() && LINKS.contains(&first.as_str()) => behind,
            [front @ .., last] if !front.is_empty() && LINKS.contains(&last.as_str()) => front,
            _ => return all,
        };
        all.push(rest.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_words() {
        for (name, expected) in [
            ("BillingPostalCode", "billing postal code"),
            ("VATNumber", "vat number"),
            ("cust_nm", "cust nm"),
            ("Straße / Nr.", "strasse nr"),
            ("N° client", "no client"),
            ("Account #", "account number"),
            ("# of sites", "number of sites"),
            ("Phone #2", "phone 2"),
            ("BILLINGCITY", "billingcity"),
            ("Cite\u{301}", "cite"),
            ("  ", ""),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn each_name_says_its_part_and_group() {
        for (name, part, group) in [
            ("Billing State/Province", "stateprovince", Group::Billing),
            ("ShippingStreet", "street", Group::Shipping),
            ("Address 1: City", "city", Group::Main),
            ("address2_city", "city", Group::Second),
            ("billing_address_street", "street", Group::Billing),
            ("Lieferort", "ort", Group::Shipping),
            ("Rue de facturation", "rue", Group::Billing),
            ("Mobile Phone", "mobilephone", Group::Mobile),
            ("cust_city", "city", Group::Main),
            ("country_id/id", "countryid", Group::Main),
            ("phone_2", "phone", Group::Second),
        ] {
            let spelled = Spelled::of(name);
            let all = [spelled.whole, spelled.part].concat();
            assert!(all.iter().any(|s| s == part), "{name}: {all:?}");
            assert_eq!(spelled.group, group, "{name}");
        }
    }

    #[test]
    fn short_words_are_written_out() {
        for (name, expected) in [
            ("cust_nm", "customername"),
            ("sign_on_dt", "signondate"),
            ("comm_flg", "commission"),
            ("curr_cd", "currencycode"),
            ("custNo", "customernumber"),
            ("addr_ln2", "addressline2"),
            ("Addr1", "address1"),
            ("hq_ref", "headquartersreference"),
        ] {
            assert!(
                Spelled::of(name).whole.iter().any(|s| s == expected),
                "{name}: {:?}",
                Spelled::of(name).whole
            );
        }
    }
}
