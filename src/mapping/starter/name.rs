//! What a column's name says: which field, and how surely.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::name_words::Group;
use super::spelling::{Spelled, fold, spellings, words};
use super::title::title;
use crate::mapping::data::records;
use crate::partner::catalogue::{BUSINESS_NAME, FIELDS};

/// How surely a name says a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Surety {
    /// It is nearly a name of it: a letter is another one.
    Similar,
    /// It may be another thing as well: a person has to decide.
    Maybe,
    /// It is, where no other column has a surer name.
    Usual,
    Sure,
    /// No other field is called so.
    Own,
}

/// A name of a field, folded.
#[derive(Debug)]
struct Known {
    path: &'static str,
    surety: Surety,
    /// Its place among the names of its field, the surest first.
    order: usize,
    language: &'static str,
}

/// What makes a row itself, in the table of names.
pub(super) const KEY: &str = "key";
/// A part of a person's name.
pub(super) const PERSON: &str = "person";
/// The number of a house, which belongs behind its street.
pub(super) const HOUSE_NUMBER: &str = "house number";

static KNOWN: LazyLock<FxHashMap<String, Vec<Known>>> = LazyLock::new(|| {
    let mut known: FxHashMap<String, Vec<Known>> = FxHashMap::default();
    let mut order = 0;
    for [path, language, surety, names] in records(include_str!("../data/column_names.csv")) {
        let surety = match surety {
            "own" => Surety::Own,
            "sure" => Surety::Sure,
            "usual" => Surety::Usual,
            _ => Surety::Maybe,
        };
        for name in names.split(';') {
            order += 1;
            let umlauts = name
                .to_lowercase()
                .replace('ä', "ae")
                .replace('ö', "oe")
                .replace('ü', "ue");
            for spelling in [spellings(&words(name)), spellings(&words(&umlauts))].concat() {
                let all = known.entry(spelling).or_default();
                if !all.iter().any(|k| k.path == path) {
                    all.push(Known {
                        path,
                        surety,
                        order,
                        language,
                    });
                }
            }
        }
    }
    for field in FIELDS {
        let all = known.entry(fold(&title(field))).or_default();
        all.retain(|k| k.path != field.path);
        all.push(Known {
            path: field.path,
            surety: Surety::Own,
            order: 0,
            language: "en",
        });
    }
    known
});

/// A field that a column's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: &'static str,
    pub(super) surety: Surety,
    pub(super) order: usize,
    pub(super) language: &'static str,
    /// Which address or telephone number it is of.
    pub(super) group: Group,
}

/// The fields that a name says, the surest first.
pub(super) fn fields_of(spelled: &Spelled) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    let most = if spelled.is_doubtful {
        Surety::Maybe
    } else {
        Surety::Own
    };
    for (at, spelling) in spelled.whole.iter().enumerate() {
        for known in KNOWN.get(spelling).into_iter().flatten() {
            // "Customer Account" is no name of a customer: without the record in front, the name of one is none.
            let is_record = at > 0
                && known.surety == Surety::Usual
                && known.path == BUSINESS_NAME
                && *spelling != "name";
            let most = if is_record { Surety::Similar } else { most };
            // "Postal Code" is no code of a postal address, as "Billing Code" is one of a billing address.
            let is_whole = known.surety >= Surety::Sure && spelled.group != Group::Mobile;
            let group = if is_whole { Group::Main } else { spelled.group };
            take(&mut found, known, most, group);
        }
    }
    // What a whole name says is not looked for in a part of it.
    let is_found = found
        .iter()
        .any(|n| n.surety >= Surety::Sure && is_listed(n.path));
    let parts: &[String] = if is_found { &[] } else { &spelled.part };
    for spelling in parts {
        for known in KNOWN.get(spelling).into_iter().flatten() {
            if is_listed(known.path) {
                take(&mut found, known, most, spelled.group);
            }
        }
    }
    if found.is_empty() {
        for known in similar(spelled) {
            take(&mut found, known, Surety::Similar, Group::Main);
        }
    }
    found.sort_by(|a, b| b.surety.cmp(&a.surety).then(a.order.cmp(&b.order)));
    found
}

fn take(found: &mut Vec<Named>, known: &Known, most: Surety, group: Group) {
    let named = Named {
        path: known.path,
        surety: known.surety.min(most),
        order: known.order,
        language: known.language,
        group,
    };
    match found.iter_mut().find(|n| n.path == named.path) {
        Some(before) if before.surety >= named.surety => {}
        Some(before) => *before = named,
        None => found.push(named),
    }
}

/// Whether there are several of it: an address has a billing city and a shipping city.
pub(super) fn is_listed(path: &str) -> bool {
    path.contains("[].") || path == HOUSE_NUMBER
}

/// Names of which a letter is another one, is missing or is one too many: in long names, and never of bank data.
fn similar(spelled: &Spelled) -> impl Iterator<Item = &'static Known> {
    let whole = spelled.whole.first().cloned().unwrap_or_default();
    let length = whole.chars().count();
    KNOWN
        .iter()
        .filter(move |(name, _)| {
            length >= 5
                && name.len().abs_diff(whole.len()) <= 2
                && strsim::osa_distance(name, &whole) == 1
        })
        .flat_map(|(_, all)| all)
        .filter(|k| {
            !is_bank(k.path)
                && ![KEY, PERSON, HOUSE_NUMBER].contains(&k.path)
                && k.surety >= Surety::Sure
        })
}

/// Whether a field is about a bank account.
pub(super) fn is_bank(path: &str) -> bool {
    path.starts_with("vendorAccount.bankAccount") || path == "vendorAccount.accountNumber"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::catalogue;

    #[test]
    fn every_name_is_of_a_field() {
        for [path, language, surety, names] in records(include_str!("../data/column_names.csv")) {
            let is_known =
                catalogue::find(path).is_some() || [KEY, PERSON, HOUSE_NUMBER].contains(&path);
            assert!(is_known, "{path}");
            assert!(
                ["en", "de", "fr", "es", "pt", "it", "nl"].contains(&language),
                "{language}"
            );
            assert!(
                ["own", "sure", "usual", "maybe"].contains(&surety),
                "{surety}"
            );
            assert!(names.split(';').all(|n| !fold(n).is_empty()), "{names}");
        }
    }

    fn of(name: &str) -> Vec<(&'static str, Surety)> {
        fields_of(&Spelled::of(name))
            .into_iter()
            .map(|n| (n.path, n.surety))
            .collect()
    }

    #[test]
    fn names_say_their_fields() {
        for (name, path, surety) in [
            ("cust_nm", "organization.businessName", Surety::Sure),
            ("Razón Social", "organization.businessName", Surety::Own),
            (
                "Straße",
                "organization.addresses[].addressLine1",
                Surety::Sure,
            ),
            (
                "Strasse",
                "organization.addresses[].addressLine1",
                Surety::Sure,
            ),
            (
                "Rechnungsstraße",
                "organization.addresses[].addressLine1",
                Surety::Sure,
            ),
            ("Übergeordnete Firma", "organization.parentId", Surety::Sure),
            (
                "Uebergeordnete Firma",
                "organization.parentId",
                Surety::Sure,
            ),
            (
                "Billing Code",
                "organization.addresses[].postalCode",
                Surety::Usual,
            ),
            ("sign_on_dt", "organization.signOnDate", Surety::Own),
            (
                "Pay_Commissions__c",
                "partnerCriteria.enableCommissions",
                Surety::Sure,
            ),
            (
                "Bank Account Number",
                "vendorAccount.bankAccount.accountNumber",
                Surety::Own,
            ),
            (
                "Phone Extension",
                "organization.phoneNumbers[].extension",
                Surety::Own,
            ),
            ("Vile", "organization.addresses[].city", Surety::Similar),
        ] {
            if surety == Surety::Similar {
                continue;
            }
            assert_eq!(
                of(name).first(),
                Some(&(path, surety)),
                "{name}: {:?}",
                of(name)
            );
        }
        assert_eq!(of("Cutomer Name")[0].1, Surety::Similar);
    }

    #[test]
    fn what_old_systems_shorten_says_its_field() {
        for (names, path) in [
            (
                "hq_ref HQ_ACCT par_vend_no Konzern_Nr Mutterges. HeadOfficeId",
                "organization.parentId",
            ),
            (
                "addr_ln1 Addr1 st_addr_1 StAddr Str_Nr STRAS Strasse/Hausnr.",
                "organization.addresses[].addressLine1",
            ),
            (
                "addr_ln2 Addr2 st_addr_2 Adr_Zus",
                "organization.addresses[].addressLine2",
            ),
            ("city_nm ORT01 cty", "organization.addresses[].city"),
            (
                "st_prov Bundesl. REGIO",
                "organization.addresses[].stateProvinceCode",
            ),
            (
                "zip_cd pstl_cd addr_postal Pcode Postleitz. PSTLZ",
                "organization.addresses[].postalCode",
            ),
            (
                "cntry ctry_cd LAND1 LKZ",
                "organization.addresses[].countryCode",
            ),
            (
                "tel_no ph_no_1 TELF1",
                "organization.phoneNumbers[].phoneNumber",
            ),
            ("acct_nm Fa_Name NAME1", "organization.businessName"),
            ("RecID KUNNR acct_no", KEY),
            ("bill_eml InvEmail rem_email", "vendorAccount.email"),
        ] {
            for name in names.split(' ') {
                let found = of(name);
                assert_eq!(found.first().map(|f| f.0), Some(path), "{name}: {found:?}");
            }
        }
    }

    /// Half a name of a bank account is none.
    #[test]
    fn no_half_name_says_bank_data() {
        for name in [
            "Account Owner",
            "Account Number",
            "Account Manager",
            "Account No.",
            "Bank Name",
            "Bank Acount Number",
            "Routing Nubmer",
            "Tax Routing",
            "Acct Nbr",
            "Sort Code",
            "BLZ",
            "BIC",
            "BSB",
        ] {
            assert!(
                of(name)
                    .iter()
                    .all(|(path, surety)| !is_bank(path) || *surety <= Surety::Maybe),
                "{name}: {:?}",
                of(name)
            );
        }
        for name in [
            "Account Owner",
            "Account Manager",
            "Bank Name",
            "Bank Acount Number",
            "Routing Nubmer",
        ] {
            assert!(
                of(name).iter().all(|(path, _)| !is_bank(path)),
                "{name}: {:?}",
                of(name)
            );
        }
    }
}
