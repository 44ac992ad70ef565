//! A change leaves one audit entry and its events, or nothing at all.

use operations::refused::Refused;
use operations::trace::{self, Change, Happened};
use serde_json::json;

use super::world::{count, databases, system, write};

fn change(details: serde_json::Value) -> Change<'static> {
    Change {
        command: "stops.place",
        merchant: "mch_1",
        kind: "terminal",
        id: "trm_1",
        before: String::new(),
        after: "stopped".to_owned(),
        details,
    }
}

fn happened<'a>(subject: &'a str, audit: &'a str) -> Happened<'a> {
    Happened {
        kind: "stop.started",
        merchant: "mch_1",
        subject_kind: "terminal",
        subject,
        terminal: "trm_1",
        data: json!({ "reason": "device.tampered" }),
        audit,
    }
}

#[test]
fn events_of_a_subject_are_numbered_and_each_waits_in_the_outbox() {
    for test in databases() {
        let mut ctx = system();
        write(test.db(), &mut ctx, |tx, ctx| {
            let audit = trace::audit(tx, ctx, change(json!({})))?;
            for subject in ["trm_1", "trm_1", "trm_2", "trm_1"] {
                trace::event(tx, ctx, happened(subject, &audit))?;
            }
            Ok(())
        })
        .unwrap();
        let rows: Vec<(String, i64)> = test
            .db()
            .read(|tx| {
                tx.all("select subject_id, sequence from events order by id", store::args![])?
                    .iter()
                    .map(|row| Ok::<_, store::Error>((row.take(0)?, row.take(1)?)))
                    .collect()
            })
            .wait()
            .unwrap();
        let expected = [("trm_1", 1), ("trm_1", 2), ("trm_2", 1), ("trm_1", 3)];
        assert_eq!(rows, expected.map(|(subject, n)| (subject.to_owned(), n)));
        assert_eq!(count(test.db(), "outbox"), 4);
        assert_eq!(count(test.db(), "audit_entries"), 1);
    }
}

#[test]
fn many_writers_number_one_subject_without_a_gap() {
    for test in databases() {
        let answers: Vec<_> = (0..40)
            .map(|writer| {
                let mut ctx = system();
                ctx.ids = domain::ids::IdSource::seeded(1000 + writer);
                test.db()
                    .write(move |tx| trace::event(tx, &mut ctx.clone(), happened("trm_1", "-")))
            })
            .collect();
        for answer in answers {
            answer.wait().unwrap();
        }
        let (least, most): (i64, i64) = test
            .db()
            .read(|tx| {
                let row = tx.one("select min(sequence), max(sequence) from events", store::args![])?;
                Ok::<_, store::Error>((row.take(0)?, row.take(1)?))
            })
            .wait()
            .unwrap();
        assert_eq!((least, most, count(test.db(), "events")), (1, 40, 40));
    }
}

#[test]
fn a_refusal_after_the_trace_undoes_the_trace() {
    for test in databases() {
        let refused = write(test.db(), &mut system(), |tx, ctx| -> Result<(), Refused> {
            let audit = trace::audit(tx, ctx, change(json!({})))?;
            trace::event(tx, ctx, happened("trm_1", &audit))?;
            Err(Refused::conflict(
                "terminal",
                "trm_1",
                domain::names::Text::new("it was told so", "it was told so"),
            ))
        });
        assert!(matches!(refused, Err(Refused::Conflict { .. })));
        for table in ["audit_entries", "events", "outbox"] {
            assert_eq!(count(test.db(), table), 0, "{table}");
        }
    }
}

#[test]
fn sensitive_fields_are_starred_out_however_deep_and_states_are_kept_as_digests() {
    for test in databases() {
        let details =
            json!({ "stop": "stp_1", "who": [{ "contact_phone": "13800001234", "shop": "面馆" }], "pin": [1, 2] });
        write(test.db(), &mut system(), move |tx, ctx| {
            trace::audit(tx, ctx, change(details.clone()))
        })
        .unwrap();
        let (details, before, after): (String, String, String) = test
            .db()
            .read(|tx| {
                let sql = "select details, before_digest, after_digest from audit_entries";
                let row = tx.one(sql, store::args![])?;
                Ok::<_, store::Error>((row.take(0)?, row.take(1)?, row.take(2)?))
            })
            .wait()
            .unwrap();
        assert!(
            !details.contains("13800001234") && details.contains("面馆"),
            "{details}"
        );
        let read: serde_json::Value = serde_json::from_str(&details).unwrap();
        assert_eq!(
            read,
            json!({ "stop": "stp_1", "who": [{ "contact_phone": "***", "shop": "面馆" }], "pin": "***" })
        );
        assert_eq!(before, "-");
        // SHA-256 of «stopped».
        assert_eq!(after, operations::sealing::sha256(b"stopped"));
        assert_eq!(after.len(), 64);
    }
}

#[test]
fn an_event_that_nobody_could_read_out_is_refused() {
    for test in databases() {
        let refused = write(test.db(), &mut system(), |tx, ctx| {
            trace::event(
                tx,
                ctx,
                Happened {
                    kind: "stop.exploded",
                    ..happened("trm_1", "-")
                },
            )
        });
        assert!(refused.unwrap_err().to_string().contains("stop.exploded"));
    }
}
