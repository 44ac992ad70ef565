//! How a typed value is checked, by the check its field names. All wrong values of a form are told at once.

use domain::catalog::{Field, FieldCheck};
use domain::identifiers::{BankCard, IdentifierError, Mobile, ResidentId, UnifiedCode};
use domain::ids::SerialNumber;
use domain::money::Fen;
use domain::time::Date;

use crate::ctx::Ctx;
use crate::refused::FieldError;

/// Longest text of a field, in characters.
const MOST_TEXT: usize = 200;

/// Dates that must lie in the future: a proof that has ended proves nothing.
const UNTIL: [&str; 5] = [
    "licence_valid_until",
    "id_valid_until",
    "pause_until",
    "effective_on",
    "permit_valid_until",
];

/// The value in the spelling it is kept in, or what is wrong with it and what would be right.
pub(crate) fn check(ctx: &Ctx, field: &Field, typed: &str) -> Result<String, FieldError> {
    let today = ctx.platform.zone.date(ctx.now);
    let typed = typed.trim();
    match field.check {
        FieldCheck::Text => text(field, typed),
        FieldCheck::Mobile => identifier(field, Mobile::parse(typed).map(|m| m.expose().to_owned())),
        FieldCheck::ResidentId => identifier(field, ResidentId::parse(typed, today).map(|i| i.expose().to_owned())),
        FieldCheck::Uscc => identifier(field, UnifiedCode::parse(typed).map(|c| c.as_str().to_owned())),
        FieldCheck::BankAccount => bank_account(field, typed),
        FieldCheck::ActivationCode => activation_code(field, typed),
        FieldCheck::Serial => SerialNumber::parse(typed).map(|s| s.as_str().to_owned()).map_err(|e| {
            wrong(
                field,
                "format",
                "照机身标签逐位填写字母和数字，不含空格",
                &format!("{e}; copy it from the label"),
            )
        }),
        FieldCheck::Date => date(field, typed, today),
        FieldCheck::Amount => amount(field, typed),
    }
}

fn text(field: &Field, typed: &str) -> Result<String, FieldError> {
    let length = typed.chars().count();
    if length > MOST_TEXT {
        return Err(wrong(
            field,
            "length",
            &format!("最多 {MOST_TEXT} 字，现在是 {length} 字"),
            &format!("at most {MOST_TEXT} characters; this has {length}"),
        ));
    }
    if typed
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t')
    {
        return Err(wrong(
            field,
            "characters",
            "含有不可见字符，请删去后重新填写",
            "it contains invisible characters; remove them",
        ));
    }
    Ok(typed.to_owned())
}

fn identifier(field: &Field, read: Result<String, IdentifierError>) -> Result<String, FieldError> {
    read.map_err(|e| {
        let told = e.text();
        wrong(field, e.key(), &told.zh, &told.en)
    })
}

/// A debit card, whose check digit is computed, or a corporate account, which has none.
fn bank_account(field: &Field, typed: &str) -> Result<String, FieldError> {
    let plain: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    match BankCard::parse(typed) {
        Ok(card) => Ok(card.expose().to_owned()),
        Err(e) if (16..=19).contains(&plain.len()) && plain.starts_with("62") => identifier(field, Err(e)),
        Err(_) if (9..=30).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_digit()) => Ok(plain),
        Err(_) => Err(wrong(
            field,
            "format",
            "账号只有数字，9 至 30 位，请照开户证明或卡面填写",
            "an account number has 9 to 30 digits and nothing else; copy it from the bank's proof or the card",
        )),
    }
}

fn activation_code(field: &Field, typed: &str) -> Result<String, FieldError> {
    let plain: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if (6..=12).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_digit()) {
        Ok(plain)
    } else {
        Err(wrong(
            field,
            "format",
            "激活码是 6 位以上的数字，请照收到的填写",
            "the code has six digits or more; type it as received",
        ))
    }
}

fn date(field: &Field, typed: &str, today: Date) -> Result<String, FieldError> {
    let day = Date::parse(typed).map_err(|_| {
        wrong(
            field,
            "format",
            "请按 2026-11-25 的格式填写日期",
            "write the date like 2026-11-25",
        )
    })?;
    if UNTIL.contains(&field.code.as_str()) && day < today {
        return Err(wrong(
            field,
            "past",
            "日期已过；证件到期的，请先换领新证再提交",
            "the date has passed; renew the proof first, then submit the new one",
        ));
    }
    Ok(day.to_string())
}

fn amount(field: &Field, typed: &str) -> Result<String, FieldError> {
    match Fen::parse_typed(typed) {
        Ok(fen) if fen.0 > 0 => Ok(fen.to_string()),
        _ => Err(wrong(
            field,
            "format",
            "请按元填写大于零的金额，例如 0.35",
            "an amount in yuan above zero, for example 0.35",
        )),
    }
}

/// Says what is wrong with a value while a form is still being filled in; an unknown field and an empty value are fine.
/// Internal: nothing is read or kept.
pub fn check_field(ctx: &Ctx, code: &str, typed: &str) -> Result<(), FieldError> {
    match ctx.catalog().fields.get(code).filter(|_| !typed.trim().is_empty()) {
        Some(field) => check(ctx, field, typed).map(|_| ()),
        None => Ok(()),
    }
}

/// A field that must be filled in and is not.
pub(crate) fn missing(field: &Field) -> FieldError {
    wrong(
        field,
        "required",
        &format!("请填写：{}", field.hint.zh),
        &format!("fill this in: {}", field.hint.en),
    )
}

/// A wrong value of a field, told with the field's name.
pub(crate) fn wrong(field: &Field, code: &str, zh: &str, en: &str) -> FieldError {
    FieldError::new(
        &field.code,
        code,
        format!("{}：{zh}", field.name.zh),
        format!("{}: {en}", field.name.en),
    )
}
