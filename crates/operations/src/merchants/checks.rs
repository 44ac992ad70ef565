//! What a new merchant's fields must be. Every wrong field is told, each with its remedy.

use std::sync::OnceLock;

use domain::cards::{BinMatch, BinTable};
use domain::catalog::EMBEDDED;
use domain::fees::Categories;
use domain::identifiers::{self, BankCard, IdentifierError, Mobile, PersonName, ResidentId, UnifiedCode};
use domain::secret::SecretString;

use super::{AccountValues, Kind, NewAccount, NewMerchant};
use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::refused::{Done, FieldError, Refused};

/// Youngest and oldest age of a principal at application.
const AGES: std::ops::RangeInclusive<u16> = 18..=65;

/// What is kept of a checked application, in the spelling it is kept in.
pub(super) struct Clean {
    pub kind: Kind,
    pub uscc: String,
    pub private: Vec<(&'static str, SecretString)>,
    /// Bank and whether it is a company's account, and the sealed values.
    pub account: Option<((String, bool), AccountValues)>,
}

/// The errors found so far.
struct Found(Vec<FieldError>);

impl Found {
    fn say(&mut self, field: &str, code: &str, zh: &str, en: &str) {
        self.0.push(FieldError::new(field, code, zh, en));
    }

    /// The value, or its error noted.
    fn take<T>(&mut self, field: &str, read: Result<T, IdentifierError>) -> Option<T> {
        read.map_err(|e| {
            let text = e.text();
            self.say(field, e.key(), &text.zh, &text.en);
        })
        .ok()
    }

    fn length(&mut self, field: &str, text: &str, least: usize, most: usize) {
        let found = text.trim().chars().count();
        if !(least..=most).contains(&found) {
            let (zh, en) = if found == 0 {
                ("请填写".to_owned(), "fill this in".to_owned())
            } else {
                (
                    format!("应为 {least} 至 {most} 个字，现在是 {found} 个"),
                    format!("must have {least} to {most} characters; this has {found}"),
                )
            };
            self.say(field, "length", &zh, &en);
        }
    }
}

pub(super) fn check(ctx: &Ctx, new: &NewMerchant) -> Done<Clean> {
    let mut found = Found(Vec::new());
    let kind = Kind::parse(&new.kind);
    if kind.is_none() {
        found.say(
            "kind",
            "unknown",
            "请选择小微、个体工商户或企业",
            "choose micro, sole_trader or enterprise",
        );
    }
    found.length("name", &new.name, 2, 100);
    found.length("short_name", &new.short_name, 2, 20);
    found.length("shop_name", &new.shop_name, 2, 50);
    found.length("address", &new.address, 5, 100);
    found.length("city", &new.city, 2, 20);
    place(&mut found, new);
    let uscc = code(&mut found, new, kind);
    let private = people(&mut found, ctx, new);
    let account = new.account.as_ref().map(|account| settlement(&mut found, account));
    match (kind, found.0.is_empty()) {
        (Some(kind), true) => Ok(Clean {
            kind,
            uscc,
            private,
            account,
        }),
        _ => Err(Refused::Invalid(found.0)),
    }
}

fn place(found: &mut Found, new: &NewMerchant) {
    if new.province.len() != 2 || identifiers::province(&new.province).is_none() {
        found.say(
            "province",
            "unknown",
            "请填写两位省级代码，例如 44",
            "give the two-digit province code, like 44",
        );
    }
    if new.city_code.len() != 4 || !new.city_code.bytes().all(|b| b.is_ascii_digit()) {
        found.say(
            "city_code",
            "format",
            "城市代码为四位数字，例如 5840",
            "a city code has four digits, like 5840",
        );
    }
    if categories().get(&new.mcc).is_none() {
        found.say(
            "mcc",
            "unknown",
            "没有这个商户类别码，请从类别表中选择",
            "there is no such category; choose one of the table",
        );
    }
}

/// The unified code, which all but micro merchants have and whose beginning tells a sole trader from a company.
fn code(found: &mut Found, new: &NewMerchant, kind: Option<Kind>) -> String {
    let typed = new.uscc.as_deref().unwrap_or("");
    if kind == Some(Kind::Micro) {
        if !typed.is_empty() {
            found.say(
                "uscc",
                "kind",
                "有统一社会信用代码的商户不是小微商户，请改选商户类型",
                "a merchant with a unified code is not a micro merchant; choose another kind",
            );
        }
        return NOBODY.to_owned();
    }
    let Some(code) = found.take("uscc", UnifiedCode::parse(typed)) else {
        return String::new();
    };
    if kind.is_some() && (kind == Some(Kind::SoleTrader)) != code.is_sole_trader() {
        found.say(
            "uscc",
            "kind",
            "代码与商户类型不符：92 开头的是个体工商户",
            "the code does not fit the kind: sole traders' begin with 92",
        );
    }
    code.to_string()
}

fn people(found: &mut Found, ctx: &Ctx, new: &NewMerchant) -> Vec<(&'static str, SecretString)> {
    let today = ctx.platform.zone.date(ctx.now);
    let principal = found.take(
        "representative_name",
        PersonName::parse(new.representative_name.expose()),
    );
    let identity = found.take(
        "representative_id",
        ResidentId::parse(new.representative_id.expose(), today),
    );
    let contact = found.take("contact_name", PersonName::parse(new.contact_name.expose()));
    let phone = found.take("contact_phone", Mobile::parse(new.contact_phone.expose()));
    if identity.as_ref().is_some_and(|id| !AGES.contains(&id.age_on(today))) {
        found.say(
            "representative_id",
            "age",
            "负责人须年满 18 周岁、不超过 65 周岁",
            "the principal must be 18 to 65 years old",
        );
    }
    let kept = |field, value: Option<&str>| value.map(|v| (field, SecretString::from(v)));
    [
        kept("representative_name", principal.as_ref().map(PersonName::expose)),
        kept("representative_id", identity.as_ref().map(ResidentId::expose)),
        kept("contact_name", contact.as_ref().map(PersonName::expose)),
        kept("contact_phone", phone.as_ref().map(Mobile::expose)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn settlement(found: &mut Found, account: &NewAccount) -> ((String, bool), AccountValues) {
    found.length("account_holder", account.holder.expose(), 2, 100);
    found.length("account_bank", &account.bank, 2, 60);
    let number = if account.corporate {
        corporate(found, account)
    } else {
        personal(found, account)
    };
    let values = vec![("account_holder", account.holder.clone()), ("account_number", number)];
    ((account.bank.clone(), account.corporate), values)
}

fn corporate(found: &mut Found, account: &NewAccount) -> SecretString {
    let digits: String = account
        .number
        .expose()
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    if !(9..=30).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        found.say(
            "account_number",
            "format",
            "对公账号为 9 至 30 位数字",
            "a company's account has 9 to 30 digits",
        );
    }
    digits.into()
}

/// A person's card: only a debit card may be settled to.
fn personal(found: &mut Found, account: &NewAccount) -> SecretString {
    let Some(card) = found.take("account_number", BankCard::parse(account.number.expose())) else {
        return SecretString::default();
    };
    match bins().lookup(card.expose()) {
        BinMatch::Found(bin) if !bin.card.may_receive_settlement() => {
            let label = bin.card.label();
            let (zh, en) = (
                format!("这是{}，只能结算到本人的借记卡（一类户）", label.zh),
                format!("this is a {}; takings are paid to a debit card only", label.en),
            );
            found.say("account_number", "card_type", &zh, &en);
        }
        BinMatch::WrongLength { .. } => {
            found.say(
                "account_number",
                "length",
                "卡号位数与发卡行不符，请核对",
                "the number of digits does not fit the issuing bank; compare them",
            );
        }
        BinMatch::Found(_) | BinMatch::Unknown => {}
    }
    card.expose().into()
}

fn shipped(name: &str) -> &'static str {
    EMBEDDED
        .iter()
        .find(|(file, _)| *file == name)
        .map_or("", |(_, text)| *text)
}

/// The merchant categories, as shipped.
pub fn categories() -> &'static Categories {
    static TABLE: OnceLock<Categories> = OnceLock::new();
    TABLE.get_or_init(|| Categories::parse(shipped("mcc.csv")).unwrap_or_default())
}

fn bins() -> &'static BinTable {
    static TABLE: OnceLock<BinTable> = OnceLock::new();
    TABLE.get_or_init(|| BinTable::parse(shipped("bins.csv")).unwrap_or_default())
}

/// A name as it is searched: small letters, plain width, without spaces and punctuation.
pub fn fold(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            other => other,
        })
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
