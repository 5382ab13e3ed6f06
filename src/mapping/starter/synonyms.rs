//! What the columns of common CRMs are called, field by field.
//!
//! Source: the headers of Salesforce, `HubSpot`, Zoho, Dynamics 365, Odoo, Pipedrive, Apptivo, `SugarCRM`,
//! Oracle CRM On Demand, Bill.com and `QuickBooks` exports. Names are compared folded: letters and digits only,
//! lower case, without the words that say which address, phone or record it is.

use crate::partner::catalogue::FIELDS;

/// Catalogue path, then folded names, the surest first.
pub(super) const SYNONYMS: &[(&str, &[&str])] = &[
    (
        "organization.businessName",
        &[
            "businessname",
            "legalname",
            "legalbusinessname",
            "accountname",
            "companyname",
            "customername",
            "organizationname",
            "organisationname",
            "vendorname",
            "partnername",
            "clientname",
            "name",
            "fullname",
            "company",
            "organization",
            "account",
            "customer",
            "vendor",
        ],
    ),
    (
        "organization.displayName",
        &[
            "displayname",
            "tradingas",
            "tradename",
            "doingbusinessas",
            "dba",
            "dbaname",
            "alias",
            "shortname",
            "nickname",
            "nameoncheck",
            "accountsite",
        ],
    ),
    (
        "organization.parentId",
        &[
            "parentid",
            "parentaccountid",
            "parentaccount",
            "parentnumber",
            "parentcompanyid",
            "parentcompany",
            "parentcustomer",
            "parentcustomerid",
            "parentcustomernumber",
            "parentaccountnumber",
            "parentorganizationid",
            "parentorganization",
            "parentrecordid",
            "parent",
            "relatedcompanyid",
            "relatedcompany",
            "headoffice",
            "masterrecordid",
        ],
    ),
    (
        "organization.onBoardingPartnerId",
        &[
            "onboardingpartnerid",
            "onboardingpartner",
            "referredby",
            "referringpartner",
            "referralpartner",
            "introducedby",
            "sponsor",
        ],
    ),
    (
        "organization.type",
        &[
            "organizationtype",
            "accounttype",
            "companytype",
            "customertype",
            "partnertype",
            "category",
            "type",
        ],
    ),
    (
        "organization.hcoXrefId",
        &[
            "hcoxrefid",
            "hcoxref",
            "hcoid",
            "crossreferenceid",
            "crossreference",
            "xrefid",
        ],
    ),
    (
        "organization.originationSource",
        &[
            "originationsource",
            "accountsource",
            "leadsource",
            "originalsource",
            "source",
            "origin",
            "howdidyouhearaboutus",
        ],
    ),
    (
        "organization.onBoardingStatus",
        &[
            "onboardingstatus",
            "onboardingstage",
            "onboarding",
            "stage",
            "onboardingstep",
        ],
    ),
    (
        "organization.organizationStatus",
        &[
            "organizationstatus",
            "accountstatus",
            "customerstatus",
            "partnerstatus",
            "companystatus",
            "lifecyclestage",
            "status",
            "statusreason",
        ],
    ),
    (
        "organization.rrmsSiteGroupId",
        &[
            "rrmssitegroupid",
            "rrmssitegroup",
            "sitegroupid",
            "sitegroup",
            "rrms",
        ],
    ),
    (
        "organization.signOnDate",
        &[
            "signondate",
            "signedon",
            "signeddate",
            "datesigned",
            "contractdate",
            "contractsigned",
            "contractstartdate",
            "signupdate",
            "signdate",
            "becameacustomerdate",
            "customersince",
            "partnersince",
            "membersince",
        ],
    ),
    ("organization.timezoneId", &["timezoneid", "timezone", "tz"]),
    (
        "organization.actionPlanCode",
        &["actionplancode", "actionplan", "plancode"],
    ),
    (
        "organization.vendorProfileIds[]",
        &[
            "vendorprofileids",
            "vendorprofiles",
            "vendorprofile",
            "vendors",
        ],
    ),
    (
        "organization.addresses[].addressLine1",
        &[
            "addressline1",
            "street",
            "street1",
            "streetaddress",
            "address1",
            "address",
            "line1",
            "addr1",
            "streetline1",
        ],
    ),
    (
        "organization.addresses[].addressLine2",
        &[
            "addressline2",
            "street2",
            "address2",
            "line2",
            "addr2",
            "suite",
            "unit",
            "streetline2",
            "streetaddress2",
        ],
    ),
    (
        "organization.addresses[].city",
        &["city", "town", "locality"],
    ),
    (
        "organization.addresses[].stateProvinceCode",
        &[
            "stateprovincecode",
            "stateprovince",
            "stateregion",
            "state",
            "province",
            "statecode",
            "stateid",
            "adminarealevel1",
        ],
    ),
    (
        "organization.addresses[].postalCode",
        &[
            "postalcode",
            "zippostalcode",
            "zipcode",
            "zip",
            "postcode",
            "code",
            "zippostcode",
        ],
    ),
    (
        "organization.addresses[].countryCode",
        &["countrycode", "country", "countryregion", "countryid"],
    ),
    (
        "organization.addresses[].regionCode",
        &["regioncode", "region"],
    ),
    ("organization.addresses[].addressType", &["addresstype"]),
    (
        "organization.phoneNumbers[].phoneNumber",
        &[
            "phonenumber",
            "phone",
            "telephone",
            "phone1",
            "telephone1",
            "mainphone",
            "officephone",
            "workphone",
            "businessphone",
            "phoneoffice",
            "tel",
            "telephonenumber",
        ],
    ),
    (
        "organization.phoneNumbers[].extension",
        &["extension", "ext", "phoneextension", "phoneext"],
    ),
    ("organization.phoneNumbers[].phoneType", &["phonetype"]),
    (
        "partnerCriteria.partnerTypeId",
        &["partnertypeid", "partnertypeuuid"],
    ),
    (
        "partnerCriteria.status",
        &["criteriastatus", "partnercriteriastatus"],
    ),
    (
        "partnerCriteria.commissionPayoutStatus",
        &["commissionpayoutstatus", "payoutstatus", "commissionstatus"],
    ),
    (
        "partnerCriteria.deactivatedDate",
        &[
            "deactivateddate",
            "deactivatedon",
            "deactivated",
            "dateofdeactivation",
            "terminationdate",
            "terminatedon",
            "enddate",
            "inactivesince",
            "closedate",
            "churndate",
            "cancelledon",
        ],
    ),
    (
        "partnerCriteria.onboardingDate",
        &[
            "onboardingdate",
            "onboarded",
            "onboardedon",
            "dateonboarded",
            "onboardeddate",
            "startdate",
            "activationdate",
            "activatedon",
            "golive",
            "golivedate",
        ],
    ),
    (
        "partnerCriteria.salesCutOffDate",
        &[
            "salescutoffdate",
            "salescutoff",
            "cutoffdate",
            "cutoff",
            "lastsalesday",
        ],
    ),
    (
        "partnerCriteria.enableCommissions",
        &[
            "enablecommissions",
            "commissions",
            "commissionsenabled",
            "paycommissions",
            "commissionable",
            "commissioneligible",
        ],
    ),
    (
        "partnerCriteria.w9Submitted",
        &["w9submitted", "w9", "w9onfile", "w9received", "hasw9"],
    ),
    ("partnerCriteria.isW2", &["isw2", "w2", "w2employee"]),
    (
        "vendorAccount.currency",
        &[
            "currency",
            "currencycode",
            "accountcurrency",
            "currencyisocode",
        ],
    ),
    (
        "vendorAccount.accountNumber",
        &["vendoraccountnumber", "vendoraccount", "vendoraccountno"],
    ),
    (
        "vendorAccount.email",
        &[
            "email",
            "emailaddress",
            "billingemail",
            "paymentemail",
            "apemail",
            "remittanceemail",
            "email1",
            "primaryemail",
            "accountspayableemail",
        ],
    ),
    (
        "vendorAccount.bankAccount.routingNumber",
        &[
            "routingnumber",
            "aba",
            "abanumber",
            "abarouting",
            "abaroutingnumber",
            "bankroutingnumber",
            "routing",
            "routingno",
        ],
    ),
    (
        "vendorAccount.bankAccount.accountNumber",
        &[
            "bankaccountnumber",
            "bankaccount",
            "bankaccountno",
            "accountno",
            "achaccountnumber",
            "achaccount",
            "directdepositaccount",
        ],
    ),
    (
        "vendorAccount.bankAccount.type",
        &["bankaccounttype", "achaccounttype", "accountkind"],
    ),
    (
        "vendorAccount.bankAccount.nameOnAccount",
        &[
            "nameonaccount",
            "accountholder",
            "accountholdername",
            "nameonbankaccount",
            "bankaccountname",
        ],
    ),
    (
        "vendorAccount.bankAccount.payeeName",
        &["payeename", "payee", "remitto", "paytoname", "payto"],
    ),
    (
        "vendorAccount.bankAccount.paymentPurpose.code.name",
        &["paymentpurposecode", "purposecode"],
    ),
    (
        "vendorAccount.bankAccount.paymentPurpose.text",
        &["paymentpurpose", "paymentpurposetext", "purposeofpayment"],
    ),
    ("query.createApptivoAccount", &["createapptivoaccount"]),
    (
        "query.createBillDotComProfile",
        &["createbilldotcomprofile", "createbillcomprofile"],
    ),
];

/// Names of columns that make a row itself, folded, the surest first.
pub(super) const KEYS: &[&str] = &[
    "legacyidentifier",
    "accountid",
    "recordid",
    "customernumber",
    "accountnumber",
    "customerid",
    "companyid",
    "vendorid",
    "organizationid",
    "partnerid",
    "vendornumber",
    "partnernumber",
    "externalid",
    "legacyid",
    "donotmodifyaccount",
    "id",
    "guid",
    "uuid",
    "number",
    "ref",
    "reference",
    "rowid",
    "key",
];

/// Which of several addresses or telephone numbers a column belongs to, by a word in front.
const GROUPS: &[(&str, usize)] = &[
    ("billing", 0),
    ("bill", 0),
    ("invoice", 0),
    ("payment", 0),
    ("primary", 0),
    ("main", 0),
    ("office", 0),
    ("work", 0),
    ("shipping", 1),
    ("ship", 1),
    ("delivery", 1),
    ("mailing", 1),
    ("other", 1),
    ("mobile", 1),
    ("secondary", 1),
];

/// Words in front that say which record it is, and no more.
const RECORDS: &[&str] = &[
    "organization",
    "organisation",
    "account",
    "company",
    "customer",
    "vendor",
    "person",
    "partner",
];

/// Letters and digits in lower case.
pub(super) fn fold(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// A column's name, read.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// Folded, whole.
    pub(super) whole: String,
    /// Folded, without the word that says which address or record.
    pub(super) bare: String,
    /// Which address or telephone number.
    pub(super) group: usize,
}

impl Named {
    pub(super) fn of(name: &str) -> Self {
        // `Address 1: City`, `Address 2: City`: Dynamics numbers its addresses.
        let (front, rest) = match name.split_once([':', '-']) {
            Some((front, rest)) if !rest.trim().is_empty() => (fold(front), rest),
            _ => (String::new(), name),
        };
        let whole = fold(name);
        let numbered = match front.as_str() {
            "address1" => Some(0),
            "address2" => Some(1),
            _ => None,
        };
        if let Some(group) = numbered {
            return Self {
                whole,
                bare: fold(rest),
                group,
            };
        }
        let mut bare = if RECORDS.contains(&front.as_str()) {
            fold(rest)
        } else {
            whole.clone()
        };
        let mut group = 0;
        for (word, number) in GROUPS {
            if let Some(rest) = bare.strip_prefix(word)
                && rest.len() > 1
                && rest != "email"
                && rest != "phone"
            {
                group = *number;
                bare = rest.to_owned();
                break;
            }
        }
        if bare.starts_with("address1") && bare.len() > "address1".len() {
            bare = bare["address1".len()..].to_owned();
        }
        Self { whole, bare, group }
    }
}

/// How well a column's name says a field, from 0 to 1, and the words of why.
pub(super) fn by_name(named: &Named, path: &str) -> (f64, &'static str) {
    let Some((_, names)) = SYNONYMS.iter().find(|(p, _)| *p == path) else {
        return (0.0, "");
    };
    let own = path.rsplit('.').next().map(fold).unwrap_or_default();
    if named.whole == own || named.bare == own {
        return (1.0, "by name");
    }
    for (at, name) in names.iter().enumerate() {
        // A later synonym is less sure: `name` is a business name only where nothing says it better.
        #[expect(clippy::cast_precision_loss, reason = "a place in a short list")]
        let score = 0.98 - at as f64 * 0.01;
        if named.whole == *name || named.bare == *name {
            return (score, "by name");
        }
    }
    let near = names
        .iter()
        .map(|n| strsim::jaro_winkler(&named.bare, n))
        .fold(0.0, f64::max);
    if near >= 0.92 {
        (near * 0.8, "by a similar name")
    } else {
        (0.0, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_synonym_is_of_a_field_and_folded() {
        for (path, names) in SYNONYMS {
            assert!(FIELDS.iter().any(|f| f.path == *path), "{path}");
            for name in *names {
                assert_eq!(fold(name), *name);
            }
        }
    }

    #[test]
    fn names_are_read() {
        for (name, bare, group) in [
            ("Billing State/Province", "stateprovince", 0),
            ("ShippingStreet", "street", 1),
            ("Address 1: City", "city", 0),
            ("Address 2: City", "city", 1),
            ("Organization - Name", "name", 0),
            ("Billing Email", "billingemail", 0),
            ("Zip", "zip", 0),
        ] {
            let named = Named::of(name);
            assert_eq!((named.bare.as_str(), named.group), (bare, group), "{name}");
        }
    }
}

/// All catalogue paths that `init` can propose.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    FIELDS
        .iter()
        .map(|f| f.path)
        .filter(|p| SYNONYMS.iter().any(|(s, _)| s == p))
}
