//! A phone number is stored sealed, shown masked, found without being opened, and opened with a trace.

use domain::secret::SecretString;
use operations::private;
use operations::refused::Refused;

use super::world::{count, ctx, databases, read, someone, system, tamper, write};

const PHONE: &str = "13800001234";

fn put(db: &store::Db, merchant: &'static str, field: &'static str, value: &'static str) {
    write(db, &mut system(), move |tx, ctx| {
        let masked = private::mask(field, value);
        private::put(
            tx,
            ctx,
            merchant,
            "merchant",
            merchant,
            field,
            &SecretString::from(value),
            &masked,
        )
    })
    .unwrap();
}

#[test]
fn a_value_is_masked_for_all_and_found_in_any_spelling() {
    for test in databases() {
        put(test.db(), "mch_1", "contact_phone", PHONE);
        put(test.db(), "mch_2", "contact_phone", "13900005678");
        put(test.db(), "mch_1", "representative_id", "11010519491231002X");
        let shown = read(test.db(), &system(), |tx, _| {
            private::masked(tx, "mch_1", "merchant", "mch_1")
        })
        .unwrap();
        let shown: Vec<_> = shown
            .iter()
            .map(|row| (row.field.as_str(), row.masked.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("contact_phone", "138****1234"),
                ("representative_id", "110***********002X")
            ]
        );
        for (field, spelling, found) in [
            ("contact_phone", PHONE, 1),
            ("contact_phone", "138 0000-1234", 1),
            ("representative_id", "11010519491231002x", 1),
            ("contact_phone", "13800001235", 0),
            ("account_mobile", PHONE, 0),
        ] {
            let who = read(test.db(), &system(), move |tx, ctx| {
                private::find(tx, ctx, field, spelling)
            })
            .unwrap();
            assert_eq!(who.len(), found, "{field} {spelling}");
        }
    }
}

#[test]
fn no_column_holds_the_value_in_clear() {
    for test in databases() {
        put(test.db(), "mch_1", "contact_phone", PHONE);
        let row: (Vec<u8>, String, String) = test
            .db()
            .read(|tx| {
                let row = tx.one("select sealed, blind_index, masked from private_values", store::args![])?;
                Ok::<_, store::Error>((row.take(0)?, row.take(1)?, row.take(2)?))
            })
            .wait()
            .unwrap();
        assert!(!row.0.windows(PHONE.len()).any(|bytes| bytes == PHONE.as_bytes()));
        assert!(!row.1.contains(PHONE) && !row.2.contains(PHONE));
    }
}

#[test]
fn revealing_takes_the_permission_and_a_reason_and_leaves_an_entry() {
    for test in databases() {
        put(test.db(), "mch_1", "contact_phone", PHONE);
        let reveal = |ctx: &mut operations::Ctx| {
            write(test.db(), ctx, |tx, ctx| {
                private::reveal(tx, ctx, "mch_1", "merchant", "mch_1", "contact_phone")
            })
        };
        let mut desk = ctx(someone("de", "desk"));
        assert!(matches!(
            reveal(&mut desk),
            Err(Refused::NotPermitted {
                permission: "reveal",
                ..
            })
        ));
        let mut risk = ctx(someone("ri", "risk"));
        risk.why = " ".to_owned();
        assert!(matches!(reveal(&mut risk), Err(Refused::Invalid(_))));
        assert_eq!(count(test.db(), "audit_entries"), 0);
        risk.why = "回访商户".to_owned();
        assert_eq!(reveal(&mut risk).unwrap().expose(), PHONE);
        assert_eq!(count(test.db(), "audit_entries"), 1);
    }
}

#[test]
fn a_sealed_value_moved_to_another_owner_does_not_open() {
    for test in databases() {
        put(test.db(), "mch_1", "contact_phone", PHONE);
        put(test.db(), "mch_2", "contact_phone", "13900005678");
        let open = || {
            read(test.db(), &system(), |tx, ctx| {
                private::open_for_use(tx, ctx, "mch_2", "merchant", "mch_2", "contact_phone")
            })
        };
        assert_eq!(open().unwrap().unwrap().expose(), "13900005678");
        tamper(
            test.db(),
            &[
                "update private_values set sealed = (select sealed from private_values where merchant_id = 'mch_1') \
               where merchant_id = 'mch_2'",
            ],
        );
        assert!(matches!(open(), Err(Refused::Keys(_))));
    }
}

#[test]
fn an_unknown_field_and_a_mask_that_hides_nothing_are_refused() {
    for test in databases() {
        for (field, masked) in [("favourite_colour", "***"), ("contact_phone", "tel 13800001234")] {
            let refused = write(test.db(), &mut system(), move |tx, ctx| {
                private::put(
                    tx,
                    ctx,
                    "mch_1",
                    "merchant",
                    "mch_1",
                    field,
                    &SecretString::from(PHONE),
                    masked,
                )
            });
            assert!(refused.is_err(), "{field}");
        }
        assert_eq!(count(test.db(), "private_values"), 0);
    }
}

#[test]
fn every_sealed_field_that_the_catalogue_asks_for_exists_there() {
    let platform = super::world::platform();
    for field in private::FIELDS {
        assert!(
            platform.catalog.fields.contains_key(field.code),
            "{} is not in catalog/fields.toml",
            field.code
        );
    }
}
