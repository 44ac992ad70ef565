//! What was supplied in a step: values, sealed where sensitive, and who supplied them.

use std::collections::{BTreeMap, BTreeSet};

use domain::secret::SecretString;
use serde::{Deserialize, Serialize};
use store::steps::StepRow;

use crate::ctx::Ctx;
use crate::private;
use crate::refused::{Done, Refused};
use crate::requests::work::Work;
use crate::sealing::hex;

/// The evidence column of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Evidence {
    /// Values by field code.
    pub fields: BTreeMap<String, Given>,
    /// The person read and confirmed.
    pub confirmed: bool,
    /// What was signed, where it is a signature; whose it is stands among the values.
    pub signed: Option<Signed>,
    /// User id of who supplied it last.
    pub by: String,
    /// Everybody who ever supplied a part of it; none of them may judge it.
    pub people: BTreeSet<String>,
    /// When.
    pub at: i64,
}

/// The text under a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signed {
    /// Contract id.
    pub contract: String,
    /// The version of the terms.
    pub terms: String,
    /// Digest of the text, hexadecimal.
    pub sha256: String,
}

/// One value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Given {
    /// What people may read: the value, or its mask.
    pub shown: String,
    /// The sealed value (hexadecimal) where it is sensitive; empty else.
    pub sealed: String,
    /// The reviewer's words when this very field was returned; cleared by a new value.
    pub remark: String,
}

impl Evidence {
    /// The evidence of a step.
    pub(crate) fn of(step: &StepRow) -> Self {
        serde_json::from_str(&step.evidence).unwrap_or_default()
    }

    /// Writes it back.
    pub(crate) fn keep(&self, step: &mut StepRow) -> Done<()> {
        step.evidence = crate::requests::work::json(self)?;
        Ok(())
    }
}

/// A value as it is kept: sealed for this very place where it is sensitive.
pub(crate) fn give(ctx: &mut Ctx, step: &StepRow, field: &str, value: &str) -> Given {
    if !private::is_sensitive(field) {
        return Given {
            shown: value.to_owned(),
            ..Given::default()
        };
    }
    let place = place(step, field);
    let sealed = ctx.platform.sealer.seal(value.as_bytes(), ctx.ids.bytes(), &place);
    Given {
        shown: private::mask(field, value),
        sealed: hex(&sealed),
        remark: String::new(),
    }
}

/// The value of a field given in a step, opened.
pub(crate) fn open(ctx: &Ctx, step: &StepRow, field: &str) -> Done<Option<SecretString>> {
    let evidence = Evidence::of(step);
    let Some(given) = evidence.fields.get(field) else {
        return Ok(None);
    };
    if given.sealed.is_empty() {
        return Ok(Some(SecretString::new(given.shown.clone())));
    }
    unseal(ctx, &given.sealed, &place(step, field)).map(Some)
}

/// The value of a field given anywhere in a request, the latest step first.
pub(crate) fn find(ctx: &Ctx, work: &Work, field: &str) -> Done<Option<SecretString>> {
    for step in work.steps.iter().rev() {
        if let Some(value) = open(ctx, step, field)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Opens a sealed text kept in hexadecimal.
pub(crate) fn unseal(ctx: &Ctx, sealed: &str, place: &str) -> Done<SecretString> {
    let bytes = unhex(sealed).ok_or_else(|| Refused::Keys("a sealed value in a step is not hexadecimal".into()))?;
    let opened = ctx.platform.sealer.open(&bytes, place)?;
    String::from_utf8(opened.into_exposed())
        .map(SecretString::new)
        .map_err(|_| Refused::Keys("a sealed value in a step is not text".into()))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16)?.try_into().ok())
        .collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| {
        digits
            .chunks_exact(2)
            .map(|p| p.iter().fold(0, |n, d| n << 4 | d))
            .collect()
    })
}

fn place(step: &StepRow, field: &str) -> String {
    format!("steps/{}/{}/{}/{field}", step.merchant_id, step.request_id, step.step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_in_hexadecimal_is_read_back() {
        assert_eq!(unhex(&hex(&[0, 1, 0xab, 0xff])), Some(vec![0, 1, 0xab, 0xff]));
        assert_eq!(unhex("abc"), None);
        assert_eq!(unhex("zz"), None);
    }
}
