//! What our decoder makes of a message, for another decoder to compare.

use iso8583::fields::{Content, field};
use iso8583::values::{BatchUpload, F60, F61, SettlementTotals, SignInRequest};
use iso8583::{Message, Track2, tlv};
use serde_json::{Map, Value, json};

fn hexed(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

/// Only the bytes, where they are refused.
pub fn verdict(bytes: &[u8]) -> Value {
    let Ok(message) = Message::decode(bytes) else {
        return json!({ "hex": hexed(bytes) });
    };
    let mut fields = Map::new();
    for number in message.field_numbers() {
        let content = message.bytes(number).unwrap_or_default();
        let packed = field(number).is_some_and(|spec| matches!(spec.content, Content::Digits | Content::Track));
        let shown = if packed {
            String::from_utf8_lossy(content).into_owned()
        } else {
            hexed(content)
        };
        fields.insert(number.to_string(), shown.into());
    }
    json!({
        "hex": hexed(bytes),
        "t": message.mti().as_str(),
        "fields": fields,
        "55": message.bytes(55).and_then(|bytes| tlv::parse(bytes).ok()).map(|objects| {
            objects.iter().map(|object| format!("{}={}", object.tag, hexed(object.value))).collect::<Vec<_>>()
        }),
        "60": F60::of(&message).map(|f60| {
            json!([f60.transaction_type, f60.batch, f60.network_code, f60.read_capability, f60.ic_condition,
                f60.partial_approval, f60.account_type])
        }),
        "61": F61::of(&message).map(|f61| json!([f61.batch, f61.trace, f61.date, f61.auth_mode, f61.auth_organisation])),
        "48": message.text(48).map(|digits| json!([
            SettlementTotals::parse(digits).ok().map(|totals| json!([totals.domestic.debit.amount,
                totals.domestic.credit.count, totals.foreign.credit.amount, totals.foreign.flag as u8])),
            BatchUpload::parse(digits).ok().map(|upload| upload.0.iter().map(|item| json!([item.foreign, item.trace,
                item.pan.expose(), item.amount])).collect::<Vec<_>>()),
        ])),
        "62": message.bytes(62).and_then(|bytes| SignInRequest::parse(bytes).ok())
            .map(|request| json!([request.certificate, request.serial])),
        "35": message.text(35).and_then(|track| Track2::parse(track).ok())
            .map(|track| json!([track.pan().expose(), track.expiry(), track.service_code()])),
    })
}
