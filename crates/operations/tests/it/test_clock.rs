//! The test clock goes forward, for those who may, and survives a restart.

use domain::time::{Duration, Span};
use operations::refused::Refused;
use operations::test_clock;

use super::world::{at, count, ctx, databases, read, someone, system, write};

#[test]
fn the_clock_adds_up_what_it_was_advanced_by() {
    for mut test in databases() {
        let mut ctx = ctx(someone("ad", "administrator"));
        let offset =
            |test: &store::testing::TestDb| read(test.db(), &system(), |tx, _| test_clock::offset(tx)).unwrap();
        assert_eq!(offset(&test), 0);
        let set = write(test.db(), &mut ctx, |tx, ctx| {
            test_clock::advance(tx, ctx, Span::days(100))
        })
        .unwrap();
        assert_eq!(set.now, at("2026-06-10T10:00:00+08:00"));
        assert_eq!(set.offset, Duration::days(100).as_millis());
        ctx.now = set.now + Duration::hours(1);
        let set = write(test.db(), &mut ctx, |tx, ctx| {
            test_clock::advance(tx, ctx, Span::months(3))
        })
        .unwrap();
        assert_eq!(set.now, at("2026-09-10T11:00:00+08:00"));
        assert_eq!(set.offset, Duration::days(192).as_millis());
        assert_eq!((count(test.db(), "audit_entries"), count(test.db(), "events")), (2, 2));
        test.reopen();
        assert_eq!(offset(&test), Duration::days(192).as_millis());
    }
}

#[test]
fn it_never_goes_back_and_not_everyone_may_move_it() {
    for test in databases() {
        let mut admin = ctx(someone("ad", "administrator"));
        let back = write(test.db(), &mut admin, |tx, ctx| {
            test_clock::set(tx, ctx, ctx.now - Duration::millis(1))
        });
        assert!(matches!(back, Err(Refused::Invalid(fields)) if fields[0].code == "backwards"));
        let mut desk = ctx(someone("de", "desk"));
        let refused = write(test.db(), &mut desk, |tx, ctx| {
            test_clock::advance(tx, ctx, Span::days(1))
        });
        assert!(matches!(
            refused,
            Err(Refused::NotPermitted {
                permission: "test_clock",
                ..
            })
        ));
        assert_eq!(count(test.db(), "settings"), 0);
    }
}
