//! Signing in, selling, voiding, reversing, settling: the conversations of an honest terminal.

use super::scene::{GOOD, POOR, card, on_every_database};

#[test]
fn a_terminal_signs_in_and_sells() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        let sold = terminal.sale(&card(GOOD), 1234).await.unwrap();
        assert!(sold.approved, "{} {}", sold.code, sold.text);
        assert_eq!((sold.amount, sold.reference.len(), sold.authorisation.len()), (1234, 12, 6));
        assert_eq!(scene.states().await, ["sale approved"]);
        scene.is_sound().await;
    });
}

#[test]
fn a_decline_of_the_issuer_is_passed_on_and_kept() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        let refused = terminal.sale(&card(POOR), 1234).await.unwrap();
        assert_eq!((refused.code.as_str(), refused.explanation_code), ("51", None));
        assert_eq!(scene.states().await, ["sale declined"]);
        scene.is_sound().await;
    });
}
