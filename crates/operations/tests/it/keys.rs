//! Keys in the life of a terminal: loaded by two people, one to a terminal, renewed, contradicted by the device, gone
//! with it. Told on every database, and by the test of the key module with a token behind it too.

use domain::secret::Secret;
use domain::stages::SubjectKind;
use domain::time::Duration;
use iso8583::values::{KeyLayout, SignInKeys};
use operations::explain::{Ask, Audience};
use operations::keys::components::{self, Entered, Entry};
use operations::keys::{self, KeyKind};
use operations::payments::Ruling;
use operations::refused::{Done, Refused};
use operations::session::{self, SignedIn};
use operations::{Actor, Ctx, moves};
use store::Db;

use super::estate::{self, Estate};
use super::payments::line;
use super::world::{databases, read, someone, system, write};

/// Two sheets, each with its check value; and the check value of their sum. Computed with pycryptodome.
const SHEETS: [(&str, &str); 2] = [
    ("0011 2233 4455 6677 8899 AABB CCDD EEFF", "FB0975"),
    ("5AF0C3219E8D7B6415263748596A7B8C", "1AC711"),
];
const SUM: [u8; 16] = [
    0x5A, 0xE1, 0xE1, 0x12, 0xDA, 0xD8, 0x1D, 0x13, 0x9D, 0xBF, 0x9D, 0xF3, 0x95, 0xB7, 0x95, 0x73,
];

fn told(tell: impl Fn(&Db, &mut Ctx, &Estate)) {
    for test in databases() {
        let mut ctx = system();
        let estate = write(test.db(), &mut ctx, |tx, ctx| estate::build(tx, ctx, 1)).unwrap();
        tell(test.db(), &mut ctx, &estate);
    }
}

fn enter(
    (db, ctx, estate): (&Db, &mut Ctx, &Estate),
    who: &Actor,
    session: &str,
    sheet: (&str, &str),
    combined: Option<&str>,
) -> Done<Entered> {
    let mut own = Ctx {
        actor: who.clone(),
        ..ctx.clone()
    };
    let fixed = (estate.merchant.clone(), estate.terminal.clone());
    let (component, kcv) = (sheet.0.to_owned(), sheet.1.to_owned());
    let (combined, session) = (combined.map(str::to_owned), session.to_owned());
    let entered = write(db, &mut own, move |tx, ctx| {
        let entry = Entry {
            merchant: fixed.0.clone(),
            terminal: fixed.1.clone(),
            component: component.clone().into(),
            kcv: kcv.clone(),
            combined: combined.clone(),
            session: session.clone().into(),
        };
        components::enter(tx, ctx, entry)
    });
    ctx.ids = own.ids;
    entered
}

fn sign_in(db: &Db, ctx: &mut Ctx, estate: &Estate) -> Ruling<SignedIn> {
    let line = line(db, ctx, estate);
    write(db, ctx, move |tx, ctx| {
        session::sign_in(tx, ctx, &line, KeyLayout::Double, "000000000001")
    })
    .unwrap()
}

fn install(db: &Db, ctx: &mut Ctx, estate: &Estate, key: [u8; 16]) -> Done<String> {
    let (merchant, terminal) = (estate.merchant.clone(), estate.terminal.clone());
    write(db, ctx, move |tx, ctx| {
        keys::install_master(tx, ctx, &merchant, &terminal, &Secret::new(key))
    })
}

fn fields(refused: Refused) -> Vec<String> {
    match refused {
        Refused::Invalid(fields) => fields.into_iter().map(|f| f.field).collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn two_people_enter_a_key_that_neither_of_them_knows() {
    told(|db, ctx, estate| {
        let (one, other) = (someone("one", "devices"), someone("other", "devices"));
        let first = enter((db, ctx, estate), &one, "s1", SHEETS[0], None).unwrap();
        assert_eq!((first.part, first.combined), (1, None));
        let second = enter((db, ctx, estate), &other, "s2", SHEETS[1], None).unwrap();
        assert_eq!(second.part, 2);
        let kcv = second.combined.unwrap();
        // The terminal that was loaded with the sum opens what a sign-in brings.
        let signed_in = sign_in(db, ctx, estate).ok().unwrap();
        let brought = SignInKeys::parse(&signed_in.keys, KeyLayout::Double).unwrap();
        let master = iso8583::crypto::DesKey::new(&SUM).unwrap();
        assert_eq!(kcv, format!("{:08X}", u32::from_be_bytes(master.kcv())));
        assert!(brought.pik.open(&master).is_ok() && brought.mak.open(&master).is_ok());
        let left: i64 = db
            .read(|tx| {
                tx.one(
                    "select count(*) from key_components where length(sealed) > 0",
                    store::args![],
                )?
                .take(0)
            })
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap();
        assert_eq!(left, 0, "no component is kept");
    });
}

#[test]
fn one_person_or_one_session_is_not_two() {
    told(|db, ctx, estate| {
        let (one, other) = (someone("one", "devices"), someone("other", "devices"));
        let alias = Actor {
            id: "usr_alias".to_owned(),
            ..one.clone()
        };
        enter((db, ctx, estate), &one, "s1", SHEETS[0], None).unwrap();
        for (who, session) in [(&one, "s2"), (&alias, "s2"), (&other, "s1")] {
            let refused = enter((db, ctx, estate), who, session, SHEETS[1], None).unwrap_err();
            assert!(matches!(refused, Refused::SamePerson(_)), "{refused}");
        }
        let refused = enter((db, ctx, estate), &someone("desk", "desk"), "s3", SHEETS[1], None).unwrap_err();
        assert!(matches!(refused, Refused::NotPermitted { .. }));
    });
}

#[test]
fn a_component_must_have_its_check_value_and_the_key_its_own() {
    told(|db, ctx, estate| {
        let (one, other) = (someone("one", "devices"), someone("other", "devices"));
        let wrong = enter((db, ctx, estate), &one, "s1", (SHEETS[0].0, "FB0976"), None);
        assert_eq!(fields(wrong.unwrap_err()), ["kcv"]);
        let short = enter((db, ctx, estate), &one, "s1", ("0011", "FB0975"), None);
        assert_eq!(fields(short.unwrap_err()), ["component"]);
        enter((db, ctx, estate), &one, "s1", SHEETS[0], None).unwrap();
        let sum = enter((db, ctx, estate), &other, "s2", SHEETS[1], Some("000000"));
        assert_eq!(fields(sum.unwrap_err()), ["combined"]);
        // The same component twice makes zeros, which everyone knows.
        let zeros = enter((db, ctx, estate), &other, "s2", SHEETS[0], None);
        assert!(matches!(zeros.unwrap_err(), Refused::Conflict { what: "key", .. }));
        assert!(
            enter((db, ctx, estate), &other, "s2", SHEETS[1], None).is_ok(),
            "the first still waits"
        );
    });
}

#[test]
fn a_key_is_one_terminals_for_ever_and_never_a_known_one() {
    told(|db, ctx, estate| {
        let key = *b"only of this one";
        install(db, ctx, estate, key).unwrap();
        let mut parity = key;
        parity[0] ^= 1;
        let (merchant, terminal) = (estate.merchant.clone(), "trm_other".to_owned());
        let again = write(db, ctx, move |tx, ctx| {
            keys::install_master(tx, ctx, &merchant, &terminal, &Secret::new(parity))
        });
        assert!(
            matches!(again, Err(Refused::Conflict { what: "key", .. })),
            "the same key but for parity"
        );
        for known in [
            [0; 16],
            [0x11; 16],
            [0xFF; 16],
            0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210_u128.to_be_bytes(),
        ] {
            assert!(matches!(
                install(db, ctx, estate, known),
                Err(Refused::Conflict { what: "key", .. })
            ));
        }
    });
}

#[test]
fn a_device_that_reports_another_check_value_stops_until_keys_are_loaded() {
    told(|db, ctx, estate| {
        let kcv = install(db, ctx, estate, *b"what we have it.").unwrap();
        let report = |ctx: &mut Ctx, shown: String| {
            let (merchant, terminal) = (estate.merchant.clone(), estate.terminal.clone());
            write(db, ctx, move |tx, ctx| {
                keys::confirm(tx, ctx, &merchant, &terminal, &shown)
            })
            .unwrap()
        };
        assert!(report(ctx, kcv[..6].to_lowercase()), "six digits of the same");
        assert!(sign_in(db, ctx, estate).is_ok());
        assert!(!report(ctx, "000000".to_owned()));
        let declined = sign_in(db, ctx, estate).err().unwrap();
        assert_eq!(declined.code, "96");
        assert_eq!(declined.reason, "device.keys_invalid");
        assert!(line(db, ctx, estate).mak.is_none(), "and the keys of before are gone");
        // Two people load it anew; then it signs in and nothing is left of the stop.
        assert_eq!(blocked(db, ctx, estate), Some("device.keys_invalid".to_owned()));
        for (who, sheet) in [("one", SHEETS[0]), ("other", SHEETS[1])] {
            enter((db, ctx, estate), &someone(who, "devices"), who, sheet, None).unwrap();
        }
        assert_eq!(blocked(db, ctx, estate), None);
        assert!(sign_in(db, ctx, estate).is_ok());
    });
}

/// The reason why the terminal may not sell.
fn blocked(db: &Db, ctx: &mut Ctx, estate: &Estate) -> Option<String> {
    let (merchant, terminal) = (estate.merchant.clone(), estate.terminal.clone());
    write(db, ctx, move |tx, ctx| {
        if operations::gates::may(tx, ctx, &merchant, &terminal, "sale")? {
            return Ok(None);
        }
        let refusal = operations::explain::refuse(tx, ctx, &merchant, &terminal, "sale", "-")?;
        Ok(Some(refusal.reason))
    })
    .unwrap()
}

#[test]
fn a_machine_that_is_found_again_gets_its_keys_before_it_sells() {
    told(|db, ctx, estate| {
        install(db, ctx, estate, *b"lost, then found").unwrap();
        let device = estate.device.clone();
        write(db, ctx, move |tx, ctx| {
            moves::apply(tx, ctx, "-", SubjectKind::Device, &device, "lose").map(|_| ())
        })
        .unwrap();
        let number = estate.number.clone();
        let told = write(db, ctx, move |tx, ctx| {
            operations::explain::by_number(tx, ctx, &number, &Ask::default(), Audience::Desk)
        });
        let steps: Vec<String> = told.unwrap().plan.steps.into_iter().map(|step| step.step).collect();
        let at = |code: &str| {
            steps
                .iter()
                .position(|step| step == code)
                .unwrap_or_else(|| panic!("{steps:?}"))
        };
        assert!(at("report_found") < at("inject_keys") && at("inject_keys") < at("sign_in_terminal"));
    });
}

#[test]
fn a_lost_machine_takes_its_keys_with_it() {
    told(|db, ctx, estate| {
        install(db, ctx, estate, *b"in the lost one.").unwrap();
        assert!(sign_in(db, ctx, estate).is_ok());
        let device = estate.device.clone();
        write(db, ctx, move |tx, ctx| {
            moves::apply(tx, ctx, "-", SubjectKind::Device, &device, "lose").map(|_| ())
        })
        .unwrap();
        let line = line(db, ctx, estate);
        assert!(line.mak.is_none() && line.pik.is_none() && !line.signed_in);
        let (merchant, terminal) = (estate.merchant.clone(), estate.terminal.clone());
        let master = read(db, ctx, move |tx, _| {
            Ok(store::keys::current(tx, &merchant, &terminal, KeyKind::Tmk.code())?)
        });
        assert!(master.unwrap().is_none());
    });
}

#[test]
fn working_keys_serve_their_time_and_no_longer() {
    told(|db, ctx, estate| {
        install(db, ctx, estate, *b"signs in monthly").unwrap();
        assert!(sign_in(db, ctx, estate).is_ok());
        let sweep = |ctx: &mut Ctx| write(db, ctx, |tx, ctx| keys::sweep(tx, ctx, 10)).unwrap();
        ctx.now = ctx.now + keys::WORKING_AGE - Duration::minutes(1);
        assert_eq!(sweep(ctx), 0);
        assert!(line(db, ctx, estate).mak.is_some());
        ctx.now = ctx.now + Duration::minutes(1);
        assert_eq!(sweep(ctx), 1);
        let line = line(db, ctx, estate);
        assert!(line.mak.is_none() && !line.signed_in);
        assert!(sign_in(db, ctx, estate).is_ok(), "it signs in again");
    });
}
