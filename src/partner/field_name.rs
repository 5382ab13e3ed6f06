//! The request's fields as people name them: "Business name" for `organization.businessName`.

/// Path without the places of elements, and the name. What is not here is named by the last part of its path.
const NAMES: &[(&str, &str)] = &[
    ("organization.legacyIdentifier", "Legacy identifier"),
    ("organization.parentId", "Parent partner"),
    ("organization.type", "Organization type"),
    ("organization.hcoXrefId", "HCO cross-reference"),
    ("organization.businessName", "Business name"),
    ("organization.displayName", "Display name"),
    ("organization.addresses.addressLine1", "Address line 1"),
    ("organization.addresses.addressLine2", "Address line 2"),
    (
        "organization.addresses.stateProvinceCode",
        "State or province",
    ),
    ("organization.addresses.city", "City"),
    ("organization.addresses.postalCode", "Postal code"),
    ("organization.addresses.countryCode", "Country"),
    ("organization.addresses.regionCode", "Region"),
    ("organization.addresses.addressType", "Address type"),
    ("organization.phoneNumbers.extension", "Phone extension"),
    ("organization.phoneNumbers.phoneNumber", "Phone number"),
    ("organization.phoneNumbers.phoneType", "Phone type"),
    ("organization.onBoardingPartnerId", "Onboarding partner"),
    ("organization.originationSource", "Origination source"),
    ("organization.onBoardingStatus", "Onboarding status"),
    ("organization.organizationStatus", "Organization status"),
    ("organization.rrmsSiteGroupId", "RRMS site group"),
    ("organization.signOnDate", "Sign-on date"),
    ("organization.timezoneId", "Time zone"),
    ("organization.actionPlanCode", "Action plan"),
    ("organization.vendorProfileIds", "Vendor profile"),
    ("partnerCriteria.partnerTypeId", "Partner type"),
    ("partnerCriteria.status", "Partner status"),
    (
        "partnerCriteria.commissionPayoutStatus",
        "Commission payout status",
    ),
    ("partnerCriteria.deactivatedDate", "Deactivation date"),
    ("partnerCriteria.onboardingDate", "Onboarding date"),
    ("partnerCriteria.salesCutOffDate", "Sales cut-off date"),
    ("partnerCriteria.enableCommissions", "Commissions enabled"),
    ("partnerCriteria.w9Submitted", "W-9 submitted"),
    ("partnerCriteria.isW2", "W-2"),
    ("vendorAccount.currency", "Currency"),
    ("vendorAccount.accountNumber", "Vendor account number"),
    ("vendorAccount.email", "Vendor e-mail"),
    (
        "vendorAccount.bankAccount.paymentPurpose.code.name",
        "Payment purpose code",
    ),
    (
        "vendorAccount.bankAccount.paymentPurpose.text",
        "Payment purpose",
    ),
    ("vendorAccount.bankAccount.type", "Bank account type"),
    ("vendorAccount.bankAccount.payeeName", "Payee"),
    (
        "vendorAccount.bankAccount.nameOnAccount",
        "Name on the bank account",
    ),
    (
        "vendorAccount.bankAccount.accountNumber",
        "Bank account number",
    ),
    ("vendorAccount.bankAccount.routingNumber", "Routing number"),
    (
        "vendorAccount.bankAccount.regulatoryFields.name",
        "Regulatory field, name",
    ),
    (
        "vendorAccount.bankAccount.regulatoryFields.value",
        "Regulatory field, value",
    ),
    ("query.createApptivoAccount", "Create an Apptivo account"),
    ("query.createBillDotComProfile", "Create a Bill.com profile"),
];

/// The free-form object: what stands below it is named as the mapping names it.
const FREE_FORM: &str = "organization.integrationMetadata";

/// A field's name for people, from its path. Of several addresses or telephone numbers the second and all that follow
/// have their number: "City (2)".
#[must_use]
pub fn field_name(path: &str) -> String {
    let (plain, place) = without_places(path);
    if let Some(rest) = plain.strip_prefix(FREE_FORM) {
        return format!("Metadata {}", rest.trim_start_matches('.'))
            .trim_end()
            .to_owned();
    }
    let known = NAMES.iter().find(|(p, _)| *p == plain);
    let name = known.map_or_else(|| words(&plain), |(_, name)| (*name).to_owned());
    match place {
        Some(place) if place > 0 => format!("{name} ({})", place + 1),
        _ => name,
    }
}

/// `a[1].b` as `a.b`, with the last place in it.
fn without_places(path: &str) -> (String, Option<usize>) {
    let mut plain = String::with_capacity(path.len());
    let mut place = None;
    let mut rest = path;
    while let Some((before, behind)) = rest.split_once('[') {
        plain.push_str(before);
        let (inside, after) = behind.split_once(']').unwrap_or((behind, ""));
        place = inside.parse().ok().or(place);
        rest = after;
    }
    plain.push_str(rest);
    (plain, place)
}

/// The last part of a path as words: `bankAccount.payeeName` is "Payee name".
fn words(path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or(path);
    let mut name = String::with_capacity(last.len() + 4);
    for (at, c) in last.chars().enumerate() {
        if at == 0 {
            name.extend(c.to_uppercase());
        } else if c.is_uppercase() {
            name.push(' ');
            name.extend(c.to_lowercase());
        } else {
            name.push(c);
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::partner::catalogue::FIELDS;

    #[test]
    fn every_field_has_a_name_of_its_own() {
        let mut seen = HashSet::new();
        for field in FIELDS {
            let (plain, _) = without_places(field.path);
            let is_named = plain == FREE_FORM || NAMES.iter().any(|(p, _)| *p == plain);
            assert!(is_named, "{}", field.path);
            let name = field_name(field.path);
            assert_ne!(name, field.path);
            assert!(!name.contains(['[', '_']), "{name}");
            assert!(seen.insert(name), "{}", field.path);
        }
        assert_eq!(NAMES.len() + 1, FIELDS.len());
    }

    #[test]
    fn places_and_unknown_fields_are_named_too() {
        for (path, name) in [
            ("organization.businessName", "Business name"),
            ("organization.addresses[0].city", "City"),
            ("organization.addresses[1].city", "City (2)"),
            ("organization.vendorProfileIds[2]", "Vendor profile (3)"),
            (
                "organization.integrationMetadata.apptivo.id",
                "Metadata apptivo.id",
            ),
            ("organization.someNewThing", "Some new thing"),
            ("", ""),
        ] {
            assert_eq!(field_name(path), name);
        }
    }
}
