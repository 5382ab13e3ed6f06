//! The validation of a create, written from the API's documentation: types, words, dates, UUIDs.
//!
//! Source: the documented request example and the texts above it. What the page does not show is not
//! refused, but for unknown keys, which the service's framework (NestJS with a whitelist) refuses.

use serde_json::{Map, Value};

/// All that is wrong with a body, in the framework's own style: `organization.type must be a string`.
pub(super) fn check(body: &Value) -> Vec<String> {
    let mut messages = Vec::new();
    let Some(root) = body.as_object() else {
        return vec!["body must be an object".to_owned()];
    };
    known(
        root,
        "",
        &["organization", "partnerCriteria", "vendorAccount"],
        &mut messages,
    );
    match root.get("organization") {
        Some(Value::Object(organization)) => check_organization(organization, &mut messages),
        Some(_) => messages.push("organization must be an object".to_owned()),
        None => messages.push("organization should not be empty".to_owned()),
    }
    if let Some(criteria) = object(root, "partnerCriteria", &mut messages) {
        check_criteria(criteria, &mut messages);
    }
    if let Some(account) = object(root, "vendorAccount", &mut messages) {
        check_account(account, &mut messages);
    }
    messages
}

fn check_organization(o: &Map<String, Value>, messages: &mut Vec<String>) {
    let at = "organization";
    known(
        o,
        at,
        &[
            "legacyIdentifier",
            "parentId",
            "type",
            "hcoXrefId",
            "businessName",
            "displayName",
            "integrationMetadata",
            "addresses",
            "phoneNumbers",
            "onBoardingPartnerId",
            "originationSource",
            "onBoardingStatus",
            "organizationStatus",
            "rrmsSiteGroupId",
            "signOnDate",
            "timezoneId",
            "actionPlanCode",
            "vendorProfileIds",
        ],
        messages,
    );
    match o.get("businessName") {
        Some(Value::String(s)) if !s.trim().is_empty() => {}
        Some(Value::String(_)) | None => {
            messages.push("organization.businessName should not be empty".to_owned());
        }
        Some(_) => messages.push("organization.businessName must be a string".to_owned()),
    }
    for name in [
        "legacyIdentifier",
        "type",
        "hcoXrefId",
        "displayName",
        "originationSource",
        "rrmsSiteGroupId",
        "timezoneId",
        "actionPlanCode",
    ] {
        text(o, at, name, messages);
    }
    for name in ["parentId", "onBoardingPartnerId"] {
        uuid(o, at, name, messages);
    }
    for name in ["onBoardingStatus", "organizationStatus"] {
        if let Some(value) = o.get(name)
            && !value.as_i64().is_some_and(|n| (1..=4).contains(&n))
        {
            messages.push(format!(
                "{at}.{name} must be one of the following values: 1, 2, 3, 4"
            ));
        }
    }
    date(o, at, "signOnDate", messages);
    if o.get("integrationMetadata").is_some_and(|v| !v.is_object()) {
        messages.push("organization.integrationMetadata must be an object".to_owned());
    }
    check_addresses(o, messages);
    check_phones(o, messages);
    for id in array(o, at, "vendorProfileIds", messages) {
        if !id.as_str().is_some_and(is_uuid) {
            messages.push("each value in organization.vendorProfileIds must be a UUID".to_owned());
        }
    }
}

fn check_addresses(organization: &Map<String, Value>, messages: &mut Vec<String>) {
    for (index, address) in array(organization, "organization", "addresses", messages)
        .iter()
        .enumerate()
    {
        let at = format!("organization.addresses.{index}");
        let Some(address) = address.as_object() else {
            messages.push(format!("{at} must be an object"));
            continue;
        };
        let texts = [
            "addressLine1",
            "addressLine2",
            "stateProvinceCode",
            "city",
            "postalCode",
            "countryCode",
            "regionCode",
        ];
        known(
            address,
            &at,
            &[texts.as_slice(), &["addressType"]].concat(),
            messages,
        );
        for name in texts {
            text(address, &at, name, messages);
        }
        integer(address, &at, "addressType", messages);
    }
}

fn check_phones(organization: &Map<String, Value>, messages: &mut Vec<String>) {
    for (index, phone) in array(organization, "organization", "phoneNumbers", messages)
        .iter()
        .enumerate()
    {
        let at = format!("organization.phoneNumbers.{index}");
        let Some(phone) = phone.as_object() else {
            messages.push(format!("{at} must be an object"));
            continue;
        };
        known(
            phone,
            &at,
            &["extension", "phoneNumber", "phoneType"],
            messages,
        );
        text(phone, &at, "extension", messages);
        text(phone, &at, "phoneNumber", messages);
        integer(phone, &at, "phoneType", messages);
    }
}

fn check_criteria(c: &Map<String, Value>, messages: &mut Vec<String>) {
    let at = "partnerCriteria";
    let flags = ["enableCommissions", "w9Submitted", "isW2"];
    let dates = ["deactivatedDate", "onboardingDate", "salesCutOffDate"];
    known(
        c,
        at,
        &[
            &["partnerTypeId", "status", "commissionPayoutStatus"],
            flags.as_slice(),
            &dates,
        ]
        .concat(),
        messages,
    );
    uuid(c, at, "partnerTypeId", messages);
    text(c, at, "status", messages);
    text(c, at, "commissionPayoutStatus", messages);
    for name in dates {
        date(c, at, name, messages);
    }
    for name in flags {
        if c.get(name).is_some_and(|v| !v.is_boolean()) {
            messages.push(format!("{at}.{name} must be a boolean value"));
        }
    }
}

fn check_account(a: &Map<String, Value>, messages: &mut Vec<String>) {
    let at = "vendorAccount";
    known(
        a,
        at,
        &["currency", "accountNumber", "email", "bankAccount"],
        messages,
    );
    for name in ["currency", "accountNumber"] {
        text(a, at, name, messages);
    }
    if let Some(email) = a.get("email")
        && !email.as_str().is_some_and(|e| e.contains('@'))
    {
        messages.push("vendorAccount.email must be an email".to_owned());
    }
    let Some(bank) = object(a, "bankAccount", messages) else {
        return;
    };
    let at = "vendorAccount.bankAccount";
    let texts = [
        "type",
        "payeeName",
        "nameOnAccount",
        "accountNumber",
        "routingNumber",
    ];
    known(
        bank,
        at,
        &[texts.as_slice(), &["paymentPurpose", "regulatoryFields"]].concat(),
        messages,
    );
    for name in texts {
        text(bank, at, name, messages);
    }
    if let Some(purpose) = object(bank, "paymentPurpose", messages) {
        known(
            purpose,
            "vendorAccount.bankAccount.paymentPurpose",
            &["code", "text"],
            messages,
        );
        text(
            purpose,
            "vendorAccount.bankAccount.paymentPurpose",
            "text",
            messages,
        );
        if let Some(code) = object(purpose, "code", messages) {
            text(
                code,
                "vendorAccount.bankAccount.paymentPurpose.code",
                "name",
                messages,
            );
        }
    }
    for (index, field) in array(bank, at, "regulatoryFields", messages)
        .iter()
        .enumerate()
    {
        let at = format!("vendorAccount.bankAccount.regulatoryFields.{index}");
        match field.as_object() {
            Some(field) => {
                known(field, &at, &["name", "value"], messages);
                text(field, &at, "name", messages);
                text(field, &at, "value", messages);
            }
            None => messages.push(format!("{at} must be an object")),
        }
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

fn known(object: &Map<String, Value>, at: &str, names: &[&str], messages: &mut Vec<String>) {
    for name in object.keys() {
        if !names.contains(&name.as_str()) {
            messages.push(format!("property {} should not exist", join(at, name)));
        }
    }
}

fn object<'v>(
    parent: &'v Map<String, Value>,
    name: &str,
    messages: &mut Vec<String>,
) -> Option<&'v Map<String, Value>> {
    if let Value::Object(object) = parent.get(name)? {
        Some(object)
    } else {
        messages.push(format!("{name} must be an object"));
        None
    }
}

fn array<'v>(
    parent: &'v Map<String, Value>,
    at: &str,
    name: &str,
    messages: &mut Vec<String>,
) -> &'v [Value] {
    match parent.get(name) {
        Some(Value::Array(items)) => items,
        Some(_) => {
            messages.push(format!("{at}.{name} must be an array"));
            &[]
        }
        None => &[],
    }
}

fn text(o: &Map<String, Value>, at: &str, name: &str, messages: &mut Vec<String>) {
    if o.get(name).is_some_and(|v| !v.is_string()) {
        messages.push(format!("{at}.{name} must be a string"));
    }
}

fn integer(o: &Map<String, Value>, at: &str, name: &str, messages: &mut Vec<String>) {
    if o.get(name).is_some_and(|v| v.as_i64().is_none()) {
        messages.push(format!("{at}.{name} must be an integer number"));
    }
}

fn uuid(o: &Map<String, Value>, at: &str, name: &str, messages: &mut Vec<String>) {
    if o.get(name)
        .is_some_and(|v| !v.as_str().is_some_and(is_uuid))
    {
        messages.push(format!("{at}.{name} must be a UUID"));
    }
}

/// "Should be of type - yyyy-MM-dd". The page's own example of `signOnDate` has a time behind it, so that
/// one is taken too.
fn date(o: &Map<String, Value>, at: &str, name: &str, messages: &mut Vec<String>) {
    let Some(value) = o.get(name) else { return };
    let whole = value.as_str().unwrap_or("");
    let day = match whole.split_once('T') {
        Some((day, time)) if name == "signOnDate" && time.ends_with('Z') => day,
        _ => whole,
    };
    if !is_date(day) {
        messages.push(format!("{at}.{name} Should be of type - yyyy-MM-dd"));
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

fn is_date(text: &str) -> bool {
    let b = text.as_bytes();
    if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
        return false;
    }
    let number =
        |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<u32>().ok());
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_documented_example_is_accepted() {
        let text = include_str!("../../tests/it/support/documented_example.json");
        assert_eq!(
            check(&serde_json::from_str(text).unwrap()),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_the_page_forbids_is_refused() {
        let body = json!({
            "organization": {
                "businessName": " ", "type": 1, "parentId": "4711", "onBoardingStatus": 5, "signOnDate": "03/04/2026",
                "addresses": [{"addressType": "1"}], "colour": "red"
            },
            "partnerCriteria": {"onboardingDate": "2026-02-29", "isW2": "no"},
            "vendorAccount": {"email": "nobody", "bankAccount": []}
        });
        insta::assert_snapshot!(check(&body).join("\n"));
    }
}
