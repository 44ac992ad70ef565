//! Field 63: the operator in requests; card organisation and texts for the slip in answers.

use super::text;

/// Field 63 of an answer: card organisation, and what issuer, centre and acquirer have to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyTexts {
    /// 63.1 card organisation, three characters, such as `CUP`.
    pub organisation: String,
    /// 63.2 text of the issuer.
    pub issuer: String,
    /// 63.2 text of the centre.
    pub centre: String,
    /// 63.2 text of the acquirer.
    pub acquirer: String,
}

impl ReplyTexts {
    /// Bytes that each text takes.
    pub const TEXT_BYTES: usize = 20;

    /// Reads as much as is there; texts come without the spaces that fill them.
    pub fn parse(bytes: &[u8]) -> Self {
        let (organisation, texts) = bytes.split_at_checked(3).unwrap_or((bytes, &[]));
        let mut texts = texts.chunks(Self::TEXT_BYTES).map(text::decode);
        let mut next = || texts.next().unwrap_or_default();
        Self {
            organisation: text::decode(organisation),
            issuer: next(),
            centre: next(),
            acquirer: next(),
        }
    }

    /// The bytes of the field: three where there are no texts, else all 63. Texts are cut between characters and filled with
    /// spaces.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = text::encode_fixed(&self.organisation, 3);
        let texts = [&self.issuer, &self.centre, &self.acquirer];
        if texts.iter().any(|text| !text.is_empty()) {
            out.extend(
                texts
                    .into_iter()
                    .flat_map(|text| text::encode_fixed(text, Self::TEXT_BYTES)),
            );
        }
        out
    }
}

/// The operator in field 63 of a request, without the spaces that fill it: `01` of `01 `.
pub fn operator(bytes: &[u8]) -> Option<String> {
    let operator = bytes.get(..3).map(text::decode)?;
    (!operator.is_empty()).then_some(operator)
}

/// Field 63 of a request: the operator in three bytes.
pub fn operator_field(operator: &str) -> Vec<u8> {
    text::encode_fixed(operator, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decline_carries_the_code_at_the_end_of_the_field() {
        let texts = ReplyTexts {
            organisation: "CUP".into(),
            acquirer: "终端未登记 7K3-M9Q".into(),
            ..ReplyTexts::default()
        };
        let bytes = texts.to_bytes();
        assert_eq!(bytes.len(), 63);
        assert!(bytes.ends_with(b" 7K3-M9Q  "));
        assert_eq!(ReplyTexts::parse(&bytes), texts);
    }

    #[test]
    fn the_card_organisation_alone_is_three_bytes() {
        let texts = ReplyTexts {
            organisation: "CUP".into(),
            ..ReplyTexts::default()
        };
        assert_eq!(texts.to_bytes(), b"CUP");
        assert_eq!(ReplyTexts::parse(b"CUP"), texts);
    }

    #[test]
    fn a_field_cut_short_gives_what_is_there() {
        assert_eq!(ReplyTexts::parse(b""), ReplyTexts::default());
        let texts = ReplyTexts::parse(b"CUPcall your bank      busy");
        assert_eq!(
            (texts.issuer.as_str(), texts.centre.as_str()),
            ("call your bank", "busy")
        );
    }

    #[test]
    fn the_operator_stands_in_three_bytes() {
        assert_eq!(operator(b"01 ").as_deref(), Some("01"));
        assert_eq!(operator(b"   "), None);
        assert_eq!(operator_field("01"), b"01 ");
    }
}
