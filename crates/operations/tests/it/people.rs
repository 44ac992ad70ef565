//! Accounts, logging in, being locked out, and sessions.

use std::sync::LazyLock;

use domain::secret::{Secret, SecretString};
use domain::time::Duration;
use operations::Ctx;
use operations::people::{self, Login, NewKey, NewUser};
use operations::refused::Refused;
use store::Db;

use super::world::{count, ctx, databases, read, someone, system, write};

const PASSWORD: &str = "correct horse";
const SECRET: &[u8; 20] = b"01234567890123456789";

/// Hashed once: it is meant to be slow.
static HASH: LazyLock<String> = LazyLock::new(|| people::hash_password(PASSWORD, [3; 16]).unwrap());

pub fn user(db: &Db, login: &'static str, role: &'static str) -> String {
    let staff = !matches!(role, "owner" | "clerk" | "agent" | "developer");
    let mut ctx = system();
    ctx.ids = domain::ids::IdSource::seeded(login.bytes().map(u64::from).sum());
    write(db, &mut ctx, move |tx, ctx| {
        let new = NewUser {
            login,
            display_name: login,
            role,
            merchant: if matches!(role, "owner" | "clerk") {
                "mch_1"
            } else {
                "-"
            },
            agent: if role == "agent" { "agt_1" } else { "-" },
            person: None,
            password_hash: &HASH,
            totp_secret: staff.then(|| Secret::new(SECRET.to_vec())),
        };
        people::create_user(tx, ctx, new)
    })
    .unwrap()
}

/// The three steps of a log-in.
fn log_in(db: &Db, ctx: &mut Ctx, login: &'static str, password: &str, code: Option<String>) -> Login {
    let attempt = read(db, ctx, move |tx, _| people::login_row(tx, login)).unwrap();
    let right = attempt.password_is(&SecretString::from(password));
    write(db, ctx, move |tx, ctx| {
        people::login_done(tx, ctx, &attempt, right, code.as_deref())
    })
    .unwrap()
}

fn code(ctx: &Ctx) -> String {
    people::totp_code(SECRET, ctx.now).unwrap()
}

fn token(login: Login) -> String {
    match login {
        Login::In(logged_in) => logged_in.token.into_exposed(),
        other => panic!("{other:?}"),
    }
}

fn works(db: &Db, ctx: &Ctx, token: &str) -> bool {
    let token = token.to_owned();
    read(db, ctx, move |tx, ctx| people::session(tx, ctx, &token))
        .unwrap()
        .is_some()
}

#[test]
fn an_owner_logs_in_with_a_password_and_their_token_is_nowhere_in_clear() {
    for test in databases() {
        user(test.db(), "wang", "owner");
        let mut ctx = system();
        let token = token(log_in(test.db(), &mut ctx, " WANG ", PASSWORD, None));
        assert_eq!(token.len(), 64);
        let kept: String = test
            .db()
            .read(|tx| tx.one("select token_hash from sessions", store::args![])?.take(0))
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap();
        assert!(kept != token && kept.len() == 64);
        let (for_session, ctx_) = (token.clone(), ctx.clone());
        let session = read(test.db(), &ctx_, move |tx, ctx| people::session(tx, ctx, &for_session))
            .unwrap()
            .unwrap();
        assert_eq!(
            (session.actor.role.as_str(), session.actor.merchant.as_str()),
            ("owner", "mch_1")
        );
        assert!(session.actor.person.starts_with("per_") && !session.touch && !session.user.staff);
        assert!(!works(test.db(), &ctx, "0000"));
        let gone = token.clone();
        assert!(write(test.db(), &mut ctx, move |tx, ctx| people::logout(tx, ctx, &gone)).unwrap());
        assert!(!works(test.db(), &ctx, &token));
    }
}

#[test]
fn a_wrong_password_and_an_unknown_login_get_the_same_answer() {
    for test in databases() {
        user(test.db(), "wang", "owner");
        let mut ctx = system();
        let closed = user(test.db(), "li", "clerk");
        write(test.db(), &mut ctx, move |tx, ctx| {
            people::disable_user(tx, ctx, &closed)
        })
        .unwrap();
        let before = count(test.db(), "audit_entries");
        let tries = [("wang", "wrong horse"), ("nobody", PASSWORD), ("li", PASSWORD)];
        for (n, (login, password)) in (1..).zip(tries) {
            let answer = log_in(test.db(), &mut ctx, login, password, None);
            assert!(
                matches!(answer, Login::Not(Refused::NotAuthenticated)),
                "{login}: {answer:?}"
            );
            // Each takes the same work, a write, so that the time it takes tells nothing either.
            assert_eq!(count(test.db(), "audit_entries"), before + n, "{login}");
        }
        assert_eq!(count(test.db(), "sessions"), 0);
    }
}

#[test]
fn five_failures_lock_a_login_for_a_quarter_of_an_hour_even_for_the_right_password() {
    for test in databases() {
        user(test.db(), "wang", "owner");
        let mut ctx = system();
        // Whoever does not know the password never learns that it is locked, or that there is such a login.
        for _ in 0..7 {
            let answer = log_in(test.db(), &mut ctx, "wang", "wrong horse", None);
            assert!(matches!(answer, Login::Not(Refused::NotAuthenticated)));
        }
        let until = "2026-03-02T02:15:00Z";
        let locked = |login: &Login| matches!(login, Login::Not(Refused::TooMany { until: at }) if at == until);
        ctx.now = ctx.now + Duration::minutes(15) - Duration::millis(1);
        assert!(locked(&log_in(test.db(), &mut ctx, "wang", PASSWORD, None)));
        ctx.now = ctx.now + Duration::millis(1);
        token(log_in(test.db(), &mut ctx, "wang", PASSWORD, None));
        // Success starts the count anew.
        for _ in 0..4 {
            log_in(test.db(), &mut ctx, "wang", "wrong horse", None);
        }
        token(log_in(test.db(), &mut ctx, "wang", PASSWORD, None));
    }
}

#[test]
fn guesses_made_at_the_same_time_all_count() {
    for test in databases() {
        user(test.db(), "wang", "owner");
        let ctx = system();
        let attempt = read(test.db(), &ctx, |tx, _| people::login_row(tx, "wang")).unwrap();
        let answers: Vec<_> = (0..8)
            .map(|guess| {
                let (attempt, mut ctx) = (attempt.clone(), ctx.clone());
                ctx.ids = domain::ids::IdSource::seeded(500 + guess);
                test.db()
                    .write(move |tx| people::login_done(tx, &mut ctx.clone(), &attempt, false, None))
            })
            .collect();
        for answer in answers {
            assert!(matches!(answer.wait().unwrap(), Login::Not(Refused::NotAuthenticated)));
        }
        let row = read(
            test.db(),
            &ctx,
            |tx, _| Ok(store::users::by_login(tx, "wang")?.unwrap()),
        )
        .unwrap();
        assert!(row.locked_until > ctx.now.millis(), "the fifth locks");
        assert_eq!(
            row.failures, 0,
            "the three after it find it locked and count for nothing"
        );
    }
}

#[test]
fn staff_need_a_code_and_no_code_works_twice() {
    for test in databases() {
        user(test.db(), "reviewer1", "reviewer");
        let mut ctx = system();
        let try_code = |ctx: &mut Ctx, code: &str| {
            let code = (!code.is_empty()).then(|| code.to_owned());
            log_in(test.db(), ctx, "reviewer1", PASSWORD, code)
        };
        let refused = |login: Login| matches!(login, Login::Not(Refused::NotAuthenticated));
        assert!(matches!(try_code(&mut ctx, ""), Login::CodeNeeded));
        assert!(matches!(try_code(&mut ctx, " "), Login::CodeNeeded));
        let good = code(&ctx);
        let wrong = if good == "000000" { "000001" } else { "000000" };
        assert!(refused(try_code(&mut ctx, wrong)));
        token(try_code(&mut ctx, &good));
        assert!(refused(try_code(&mut ctx, &good)), "used already");

        // The step before the one used is refused too, though it still is in the window.
        let mut late = ctx.clone();
        late.now = ctx.now - Duration::seconds(30);
        let earlier = code(&late);
        assert!(refused(try_code(&mut ctx, &earlier)));
        ctx.now = ctx.now + Duration::seconds(30);
        let next = code(&ctx);
        token(try_code(&mut ctx, &next));
        // A code three steps old is outside the window, used or not.
        let mut later = ctx.clone();
        later.now = ctx.now + Duration::seconds(30);
        let old = code(&later);
        ctx.now = ctx.now + Duration::seconds(120);
        assert!(refused(try_code(&mut ctx, &old)));
    }
}

#[test]
fn the_code_is_the_one_of_rfc_6238() {
    // Appendix B of RFC 6238 at 59 s and 1111111109 s, the last six of its eight digits.
    for (seconds, expected) in [(59, "287082"), (1_111_111_109, "081804")] {
        let at = domain::time::Time::from_millis(seconds * 1000);
        assert_eq!(people::totp_code(b"12345678901234567890", at).unwrap(), expected);
    }
    assert_eq!(
        people::totp_secret_text(b"12345678901234567890"),
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    );
}

#[test]
fn idle_sessions_end_staff_after_15_minutes_others_after_12_hours_and_all_after_12_hours() {
    for test in databases() {
        user(test.db(), "wang", "owner");
        user(test.db(), "reviewer1", "reviewer");
        let start = system();
        let owner = token(log_in(test.db(), &mut start.clone(), "wang", PASSWORD, None));
        let mut other = start.clone();
        other.ids = domain::ids::IdSource::seeded(77);
        let staff = token(log_in(test.db(), &mut other, "reviewer1", PASSWORD, Some(code(&start))));
        let after = |length: Duration| {
            let mut ctx = start.clone();
            ctx.now = ctx.now + length;
            ctx
        };
        let short_of = |length: Duration| Duration::millis(length.as_millis() - 1);
        assert!(works(test.db(), &after(short_of(Duration::minutes(15))), &staff));
        assert!(!works(test.db(), &after(Duration::minutes(15)), &staff));
        assert!(works(test.db(), &after(short_of(Duration::hours(12))), &owner));
        assert!(!works(test.db(), &after(Duration::hours(12)), &owner));

        // Used every ten minutes, a session of staff holds, but not beyond twelve hours.
        for tenth in 1..72 {
            let mut ctx = after(Duration::minutes(10 * tenth));
            let (for_session, for_touch) = (staff.clone(), staff.clone());
            let held = read(test.db(), &ctx, move |tx, ctx| people::session(tx, ctx, &for_session)).unwrap();
            assert!(held.unwrap().touch, "after {tenth} tens of minutes");
            write(test.db(), &mut ctx, move |tx, ctx| people::touch(tx, ctx, &for_touch)).unwrap();
        }
        assert!(works(test.db(), &after(short_of(Duration::hours(12))), &staff));
        assert!(!works(test.db(), &after(Duration::hours(12)), &staff));
    }
}

#[test]
fn closing_an_account_ends_its_sessions_and_its_keys_and_nobody_closes_their_own() {
    for test in databases() {
        let id = user(test.db(), "wang", "owner");
        let mut ctx = system();
        let session = token(log_in(test.db(), &mut ctx, "wang", PASSWORD, None));
        let owner = id.clone();
        let (_, key) = write(test.db(), &mut ctx, move |tx, ctx| {
            people::create_api_key(
                tx,
                ctx,
                NewKey {
                    name: "till",
                    role: "developer",
                    merchant: "mch_1",
                    user: &owner,
                },
            )
        })
        .unwrap();
        let key = key.into_exposed();
        let acts = |ctx: &Ctx, key: &str| {
            let key = key.to_owned();
            read(test.db(), ctx, move |tx, ctx| people::api_key(tx, ctx, &key)).unwrap()
        };
        let actor = acts(&ctx, &key).unwrap();
        assert_eq!((actor.role.as_str(), actor.merchant.as_str()), ("developer", "mch_1"));
        assert!(actor.id.starts_with("key_") && actor.person.starts_with("per_"));
        assert!(acts(&ctx, &key.replace("shk_", "shk_0")).is_none());
        assert!(acts(&ctx, "").is_none());

        let mut own = super::world::ctx(people_actor(test.db(), &ctx, &session));
        let target = id.clone();
        let refused = write(test.db(), &mut own, move |tx, ctx| {
            people::disable_user(tx, ctx, &target)
        });
        assert!(matches!(refused, Err(Refused::SamePerson(_))));
        write(test.db(), &mut ctx, move |tx, ctx| people::disable_user(tx, ctx, &id)).unwrap();
        assert!(!works(test.db(), &ctx, &session));
        assert!(acts(&ctx, &key).is_none());
        assert!(matches!(
            log_in(test.db(), &mut ctx, "wang", PASSWORD, None),
            Login::Not(Refused::NotAuthenticated)
        ));
    }
}

fn people_actor(db: &Db, ctx: &Ctx, token: &str) -> operations::Actor {
    let token = token.to_owned();
    read(db, ctx, move |tx, ctx| people::session(tx, ctx, &token))
        .unwrap()
        .unwrap()
        .actor
}

#[test]
fn owners_make_accounts_of_their_own_merchant_only_and_never_staff() {
    for test in databases() {
        let mut actor = someone("ow", "owner");
        "mch_1".clone_into(&mut actor.merchant);
        let make = |login: &'static str, role: &'static str, merchant: &'static str, by: &operations::Actor| {
            let mut ctx = ctx(by.clone());
            ctx.ids = domain::ids::IdSource::seeded(login.bytes().map(u64::from).sum());
            write(test.db(), &mut ctx, move |tx, ctx| {
                let new = NewUser {
                    login,
                    display_name: "店员",
                    role,
                    merchant,
                    agent: "-",
                    person: None,
                    password_hash: &HASH,
                    totp_secret: None,
                };
                people::create_user(tx, ctx, new)
            })
        };
        make("clerk1", "clerk", "mch_1", &actor).unwrap();
        let taken = make(" Clerk1", "clerk", "mch_1", &actor);
        assert!(matches!(taken, Err(Refused::Invalid(fields)) if fields[0].code == "taken"));
        for (login, role, merchant) in [
            ("x1", "clerk", "mch_2"),
            ("x2", "administrator", "-"),
            ("x3", "reviewer", "mch_1"),
        ] {
            let refused = make(login, role, merchant, &actor);
            assert!(
                matches!(
                    refused,
                    Err(Refused::NotPermitted {
                        permission: "manage_users",
                        ..
                    })
                ),
                "{login}"
            );
        }
        let without_code = make("x4", "reviewer", "-", &someone("ad", "administrator"));
        assert!(matches!(without_code, Err(Refused::Invalid(fields)) if fields[0].field == "totp_secret"));
        assert_eq!(count(test.db(), "users"), 1);
        assert_eq!((count(test.db(), "events"), count(test.db(), "audit_entries")), (1, 1));
    }
}

#[test]
fn an_owner_sets_a_new_password_for_a_clerk_but_for_nobody_elses_people() {
    for test in databases() {
        let db = test.db();
        let clerk = user(db, "clerk", "clerk");
        let stranger = user(db, "admin", "administrator");
        let mut calls = ctx(someone("ow", "owner"));
        "mch_1".clone_into(&mut calls.actor.merchant);
        let held = token(log_in(db, &mut calls.clone(), "clerk", PASSWORD, None));
        let fresh = people::hash_password("another one", [9; 16]).unwrap();
        let mut set = |id: String| {
            let fresh = fresh.clone();
            write(db, &mut calls, move |tx, ctx| {
                people::reset_password(tx, ctx, &id, &fresh)
            })
        };
        assert!(matches!(set(stranger), Err(Refused::NotFound { .. })));
        set(clerk).unwrap();
        assert!(!works(db, &calls, &held), "the clerk is signed out");
        let old = log_in(db, &mut calls.clone(), "clerk", PASSWORD, None);
        assert!(matches!(old, Login::Not(Refused::NotAuthenticated)));
        assert!(works(
            db,
            &calls.clone(),
            &token(log_in(db, &mut calls, "clerk", "another one", None))
        ));
    }
}

#[test]
fn a_password_is_hashed_with_argon2id_and_has_a_length() {
    assert!(HASH.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(people::verify_password(&HASH, PASSWORD));
    assert!(!people::verify_password(&HASH, "correct hors"));
    assert!(!people::verify_password("not a hash", PASSWORD));
    for (password, fine) in [("1234567", false), ("12345678", true), ("口令也可以是八字", true)] {
        assert_eq!(people::hash_password(password, [1; 16]).is_ok(), fine, "{password}");
    }
    assert!(people::hash_password(&"x".repeat(513), [1; 16]).is_err());
}

#[test]
fn a_person_sees_where_they_are_logged_in_and_ends_it_elsewhere() {
    for test in databases() {
        let db = test.db();
        user(db, "wang", "owner");
        user(db, "zhao", "owner");
        let start = system();
        let at = |seed: u64, minutes: i64| {
            let mut ctx = start.clone();
            ctx.ids = domain::ids::IdSource::seeded(seed);
            ctx.now = ctx.now + Duration::minutes(minutes);
            ctx
        };
        let phone = token(log_in(db, &mut at(71, 0), "wang", PASSWORD, None));
        let desk = token(log_in(db, &mut at(72, 1), "wang", PASSWORD, None));
        let other = token(log_in(db, &mut at(73, 2), "zhao", PASSWORD, None));
        let mut wang = ctx(people_actor(db, &at(0, 3), &desk));
        wang.now = at(0, 3).now;
        wang.ids = domain::ids::IdSource::seeded(74);
        let list = |ctx: &Ctx| {
            let asking = desk.clone();
            read(db, ctx, move |tx, ctx| people::own_sessions(tx, ctx, &asking)).unwrap()
        };
        let seen = list(&wang);
        assert_eq!(seen.iter().map(|s| s.current).collect::<Vec<_>>(), [true, false]);
        assert!(
            seen.iter().all(|s| !desk.contains(&s.id) && !phone.contains(&s.id)),
            "no token is told"
        );

        let lost = seen[1].id.clone();
        let mut zhao = wang.clone();
        zhao.actor = people_actor(db, &at(0, 3), &other);
        let (by_zhao, by_wang) = (lost.clone(), lost.clone());
        let refused = write(db, &mut zhao, move |tx, ctx| people::end_session(tx, ctx, &by_zhao));
        assert!(
            matches!(refused, Err(Refused::NotFound { .. })),
            "nobody ends another's"
        );
        write(db, &mut wang, move |tx, ctx| people::end_session(tx, ctx, &by_wang)).unwrap();
        assert!(!works(db, &wang, &phone) && works(db, &wang, &desk) && works(db, &wang, &other));
        assert_eq!(list(&wang).len(), 1);

        let again = token(log_in(db, &mut at(75, 3), "wang", PASSWORD, None));
        let asking = desk.clone();
        let ended = write(db, &mut wang, move |tx, ctx| {
            people::end_other_sessions(tx, ctx, &asking)
        });
        assert_eq!(ended.unwrap(), 1);
        assert!(!works(db, &wang, &again) && works(db, &wang, &desk));
        wang.now = wang.now + Duration::hours(13);
        assert_eq!(list(&wang), [], "what has run out is not shown");
    }
}
