//! The field catalogue: every field of the create-partner request, once.
//!
//! Mapping check, coercion, validation, masking, the docs and `init` all read this table. Its order is the
//! order of the documented request example, and so the order of keys in every body that is sent; the
//! payload hash stands on that order, so entries are never moved.

/// How a field's text is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text, sent as it is.
    Text,
    /// Text that identifies something: a numeric spreadsheet cell is reported, since leading zeros may be gone.
    Identifier,
    /// A UUID, sent in lower case with hyphens.
    Uuid,
    /// A UUID of another partner; the only kind that takes a `partner` rule.
    PartnerReference,
    /// A calendar date, sent as `yyyy-MM-dd`.
    Date,
    /// `true` or `false`; yes and no, 1 and 0 and the like become it, also in the language of the source.
    Boolean,
    /// A whole number, sent as a JSON number.
    Integer,
    /// A number that has words: either is accepted.
    Words(&'static [(i64, &'static str)]),
    /// A state or province: the names of ISO 3166-2 become codes for the countries that `docs/values.md` lists.
    State,
    /// An ISO 3166-1 alpha-2 country code; names and alpha-3 codes become it.
    Country,
    /// A telephone number; an extension behind `x` goes to the element's `extension`.
    Phone,
    /// One e-mail address, sent as it is, without a name around it.
    Email,
    /// An ISO 4217 currency code, sent in upper case.
    Currency,
    /// An ABA routing number: nine digits with a checksum.
    Routing,
    /// A postal code; a leading zero that its state proves is restored.
    PostalCode,
    /// An IANA time zone name, or text.
    TimeZone,
    /// A free-form object: any path below it may be mapped.
    FreeForm,
}

impl FieldKind {
    /// A word or two for messages and docs: "what was expected".
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            FieldKind::Text => "text",
            FieldKind::Identifier => "an identifier (text)",
            FieldKind::Uuid => "a UUID",
            FieldKind::PartnerReference => {
                "another partner's id (a UUID), or { partner = \"column\" }"
            }
            FieldKind::Date => "a date (sent as yyyy-MM-dd)",
            FieldKind::Boolean => "yes or no",
            FieldKind::Integer => "a whole number",
            FieldKind::Words(_) => "one of its values or numbers",
            FieldKind::State => "a state or province",
            FieldKind::Country => "a country code or name",
            FieldKind::Phone => "a phone number",
            FieldKind::Email => "an e-mail address",
            FieldKind::Currency => "a currency code",
            FieldKind::Routing => "an ABA routing number",
            FieldKind::PostalCode => "a postal code",
            FieldKind::TimeZone => "a time zone",
            FieldKind::FreeForm => "a free-form object",
        }
    }
}

/// One field of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its path; `[]` stands behind a name that is an array.
    pub path: &'static str,
    /// How its text is understood.
    pub kind: FieldKind,
    /// Never shown, logged or kept.
    pub sensitive: bool,
    /// Refused when empty. The API documents no required fields; `businessName` is required here.
    pub required: bool,
    /// Where the fact comes from: `example` is the documented request example, `page` the text of the
    /// documentation page, `ours` a decision of partner-sync.
    pub source: &'static str,
    /// What it is, for the field reference.
    pub about: &'static str,
}

/// Source: the documentation page, "status: 1 indicates …", first list.
pub const ONBOARDING_WORDS: &[(i64, &str)] = &[
    (1, "Not Started"),
    (2, "Welcome Call"),
    (3, "Partner Education"),
    (4, "Completed"),
];
/// Source: the documentation page, "status: 1 indicates …", second list.
pub const ORGANIZATION_WORDS: &[(i64, &str)] = &[
    (1, "Contracted"),
    (2, "Active"),
    (3, "Suspended"),
    (4, "Separated"),
];

/// The path of the field that is required whatever the mapping says.
pub const BUSINESS_NAME: &str = "organization.businessName";
/// The path of the handle by which a partner is recognised.
pub const LEGACY_IDENTIFIER: &str = "organization.legacyIdentifier";

const fn field(path: &'static str, kind: FieldKind, about: &'static str) -> Field {
    Field {
        path,
        kind,
        sensitive: false,
        required: false,
        source: "example",
        about,
    }
}

const fn sensitive(path: &'static str, kind: FieldKind, about: &'static str) -> Field {
    Field {
        path,
        kind,
        sensitive: true,
        required: false,
        source: "example",
        about,
    }
}

use FieldKind::{
    Boolean, Country, Currency, Date, Email, FreeForm, Identifier, Integer, PartnerReference,
    Phone, PostalCode, Routing, State, Text, TimeZone, Uuid, Words,
};

/// Every field, in the documented order; the two query flags stand last.
pub const FIELDS: &[Field] = &[
    field(
        LEGACY_IDENTIFIER,
        Identifier,
        "Identifies a partner that was created earlier; the key unless mapped.",
    ),
    field(
        "organization.parentId",
        PartnerReference,
        "The parent partner.",
    ),
    field(
        "organization.type",
        Text,
        "The organization's type; the documentation shows \"1\" and no list.",
    ),
    field(
        "organization.hcoXrefId",
        Identifier,
        "A cross-reference id.",
    ),
    Field {
        path: BUSINESS_NAME,
        kind: Text,
        sensitive: false,
        required: true,
        source: "ours",
        about: "The legal name. Required here: look-ups search by it.",
    },
    field(
        "organization.displayName",
        Text,
        "The name shown to people.",
    ),
    field(
        "organization.integrationMetadata",
        FreeForm,
        "Any object: ids of other systems.",
    ),
    field(
        "organization.addresses[].addressLine1",
        Text,
        "Street and number. A cell of several lines fills addressLine2 too.",
    ),
    field(
        "organization.addresses[].addressLine2",
        Text,
        "Suite, building, landmark.",
    ),
    field(
        "organization.addresses[].stateProvinceCode",
        State,
        "State or province code; \"California\" becomes CA.",
    ),
    field("organization.addresses[].city", Text, "City."),
    field(
        "organization.addresses[].postalCode",
        PostalCode,
        "Postal code.",
    ),
    field(
        "organization.addresses[].countryCode",
        Country,
        "ISO 3166-1 alpha-2; \"United States\" becomes US.",
    ),
    field(
        "organization.addresses[].regionCode",
        Text,
        "Region code; the example shows US.",
    ),
    field(
        "organization.addresses[].addressType",
        Integer,
        "The kind of address; the example shows 1.",
    ),
    field(
        "organization.phoneNumbers[].extension",
        Text,
        "Extension; taken from the number's x12 unless mapped.",
    ),
    field(
        "organization.phoneNumbers[].phoneNumber",
        Phone,
        "Phone number.",
    ),
    field(
        "organization.phoneNumbers[].phoneType",
        Integer,
        "The kind of number; the example shows 1.",
    ),
    field(
        "organization.onBoardingPartnerId",
        PartnerReference,
        "The partner who brought this one.",
    ),
    field(
        "organization.originationSource",
        Text,
        "Where the partner comes from; the example shows CRM.",
    ),
    Field {
        path: "organization.onBoardingStatus",
        kind: Words(ONBOARDING_WORDS),
        sensitive: false,
        required: false,
        source: "page",
        about: "1 Not Started, 2 Welcome Call, 3 Partner Education, 4 Completed.",
    },
    Field {
        path: "organization.organizationStatus",
        kind: Words(ORGANIZATION_WORDS),
        sensitive: false,
        required: false,
        source: "page",
        about: "1 Contracted, 2 Active, 3 Suspended, 4 Separated.",
    },
    field(
        "organization.rrmsSiteGroupId",
        Identifier,
        "RRMS site group.",
    ),
    Field {
        path: "organization.signOnDate",
        kind: Date,
        sensitive: false,
        required: false,
        source: "page",
        about: "Sign-on date; the page asks for yyyy-MM-dd.",
    },
    field("organization.timezoneId", TimeZone, "Time zone."),
    field(
        "organization.actionPlanCode",
        Identifier,
        "Action plan code.",
    ),
    field(
        "organization.vendorProfileIds[]",
        Uuid,
        "Vendor profiles; several in one cell with split.",
    ),
    field("partnerCriteria.partnerTypeId", Uuid, "The partner's type."),
    field(
        "partnerCriteria.status",
        Text,
        "Criteria status; the request example shows active, the answer on-boarded.",
    ),
    field(
        "partnerCriteria.commissionPayoutStatus",
        Text,
        "Commission payout status; the example shows active.",
    ),
    field(
        "partnerCriteria.deactivatedDate",
        Date,
        "Day of deactivation.",
    ),
    field("partnerCriteria.onboardingDate", Date, "Day of onboarding."),
    field(
        "partnerCriteria.salesCutOffDate",
        Date,
        "Last day of sales.",
    ),
    field(
        "partnerCriteria.enableCommissions",
        Boolean,
        "Whether commissions are paid.",
    ),
    field(
        "partnerCriteria.w9Submitted",
        Boolean,
        "Whether the W-9 form was received.",
    ),
    field(
        "partnerCriteria.isW2",
        Boolean,
        "Whether the partner is paid by W-2.",
    ),
    field(
        "vendorAccount.currency",
        Currency,
        "ISO 4217 currency code.",
    ),
    sensitive(
        "vendorAccount.accountNumber",
        Identifier,
        "Account number. Never shown or kept.",
    ),
    field("vendorAccount.email", Email, "E-mail for payments."),
    field(
        "vendorAccount.bankAccount.paymentPurpose.code.name",
        Text,
        "Payment purpose code.",
    ),
    field(
        "vendorAccount.bankAccount.paymentPurpose.text",
        Text,
        "Payment purpose text; the example shows OPTIONAL.",
    ),
    field(
        "vendorAccount.bankAccount.type",
        Text,
        "CHECKING or SAVINGS; the example shows CHECKING.",
    ),
    field("vendorAccount.bankAccount.payeeName", Text, "Payee."),
    field(
        "vendorAccount.bankAccount.nameOnAccount",
        Text,
        "Name on the account.",
    ),
    sensitive(
        "vendorAccount.bankAccount.accountNumber",
        Identifier,
        "Bank account number. Never shown or kept.",
    ),
    sensitive(
        "vendorAccount.bankAccount.routingNumber",
        Routing,
        "ABA routing number. Never shown or kept.",
    ),
    field(
        "vendorAccount.bankAccount.regulatoryFields[].name",
        Text,
        "Name of a regulatory field.",
    ),
    sensitive(
        "vendorAccount.bankAccount.regulatoryFields[].value",
        Text,
        "Value of a regulatory field. Never shown or kept.",
    ),
    field(
        "query.createApptivoAccount",
        Boolean,
        "Query flag: also create an Apptivo account.",
    ),
    field(
        "query.createBillDotComProfile",
        Boolean,
        "Query flag: also create a Bill.com profile.",
    ),
];

/// The field at a catalogue path, and its place in the table.
#[must_use]
pub fn find(path: &str) -> Option<(usize, &'static Field)> {
    FIELDS.iter().enumerate().find(|(_, f)| f.path == path)
}

/// The place in the table of the first field at or below `prefix`: what orders an object's keys.
#[must_use]
pub fn rank(prefix: &str) -> usize {
    FIELDS
        .iter()
        .position(|f| {
            f.path
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
        .unwrap_or(usize::MAX)
}

/// `docs/fields.md`: every field with what it takes and the source of that fact.
#[must_use]
pub fn reference() -> String {
    use std::fmt::Write as _;
    let mut out = String::from(
        "# Fields\n\nGenerated from `src/partner/catalogue.rs` by a test (`UPDATE_DOCS=1 cargo test`); do not edit it by hand.\n\n\
         Every field of the create-partner request, in the documented order. `[]` is a list. Source `example`: the\n\
         documented request example; `page`: the text of the documentation page; `ours`: a decision of partner-sync.\n\n\
         | field | takes | required | sensitive | source | about |\n|---|---|---|---|---|---|\n",
    );
    for field in FIELDS {
        let yes = |b: bool| if b { "yes" } else { "" };
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} |",
            field.path,
            field.kind.expected(),
            yes(field.required),
            yes(field.sensitive),
            field.source,
            field.about
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_path_stands_once_and_says_what_it_is() {
        let mut seen = HashSet::new();
        for field in FIELDS {
            assert!(seen.insert(field.path), "{} stands twice", field.path);
            assert!(!field.about.is_empty());
        }
        assert_eq!(
            FIELDS.len(),
            50,
            "the payload hash stands on this table: append, never move"
        );
    }

    #[test]
    fn bank_numbers_are_sensitive() {
        let marked: Vec<_> = FIELDS
            .iter()
            .filter(|f| f.sensitive)
            .map(|f| f.path)
            .collect();
        assert_eq!(
            marked,
            [
                "vendorAccount.accountNumber",
                "vendorAccount.bankAccount.accountNumber",
                "vendorAccount.bankAccount.routingNumber",
                "vendorAccount.bankAccount.regulatoryFields[].value",
            ]
        );
    }

    #[test]
    fn rank_follows_the_documented_order() {
        assert!(rank("organization.addresses") < rank("organization.phoneNumbers"));
        assert!(rank("organization") < rank("partnerCriteria"));
        assert_eq!(rank("organization.add"), usize::MAX);
    }
}
