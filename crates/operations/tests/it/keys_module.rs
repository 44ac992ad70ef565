//! The key module, told once and held against both: the one in this process, and one inside a SoftHSM token.
//!
//! SoftHSM reads where its tokens are from the environment of the process, so the stories about the token run in a child
//! of the test below that has it set.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use domain::ids::IdSource;
use domain::secret::Secret;
use iso8583::crypto::{DesKey, MacAlgorithm, MacKey, Pin, decrypt_pin, encrypt_pin, encrypt_track};
use iso8583::values::{KeyLayout, WrappedKey};
use iso8583::{Message, Pan};
use operations::key_module::token::Token;
use operations::key_module::{Fault, KeyKind, KeyModule, Place, Profile, Stored, TokenSettings, Wanted};

pub const TMK: [u8; 16] = [
    0x15, 0x9D, 0x86, 0xC7, 0xC1, 0xF7, 0x79, 0xEA, 0x29, 0xF7, 0x7A, 0x68, 0x58, 0xE0, 0xD8, 0x2B,
];
const PIN_OF_USER: &str = "24681357";
const LABEL: &str = "shoudan-test";

/// The SoftHSM library of this machine, if there is one.
fn library() -> Option<PathBuf> {
    let named = std::env::var_os("SHOUDAN_SOFTHSM").map(PathBuf::from);
    let usual = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/lib64/softhsm/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    ];
    named
        .into_iter()
        .chain(usual.map(PathBuf::from))
        .find(|path| path.exists())
}

fn settings(master: &str) -> Option<TokenSettings> {
    // Set by the test that starts the child.
    std::env::var_os("SHOUDAN_TEST_TOKEN")?;
    Some(TokenSettings {
        library: library()?,
        token: LABEL.to_owned(),
        pin: Secret::new(PIN_OF_USER.to_owned()),
        profile: Profile::Test,
        master: master.to_owned(),
        earlier: vec![],
    })
}

/// The token's module, where this process has one.
pub fn token() -> Option<KeyModule> {
    static MASTER: LazyLock<()> = LazyLock::new(|| Token::make_master(&settings("first").unwrap()).unwrap());
    let settings = settings("first")?;
    *MASTER;
    Some(KeyModule::token(settings).unwrap())
}

/// Every module there is here.
pub fn modules() -> Vec<Arc<KeyModule>> {
    let mut all = vec![Arc::new(KeyModule::software([3; 32]))];
    all.extend(token().map(Arc::new));
    all
}

#[test]
fn the_same_stories_hold_in_a_token() {
    if std::env::var_os("SHOUDAN_TEST_TOKEN").is_some() {
        return;
    }
    let have_tool = Command::new("softhsm2-util").arg("--version").output().is_ok();
    if library().is_none() || !have_tool {
        eprintln!(
            "SKIPPED: the stories about keys were told to the software module only. SoftHSM is not here; on Debian: \
             sudo apt-get install softhsm2"
        );
        return;
    }
    let directory = std::env::temp_dir().join(format!("shoudan-token-{}", std::process::id()));
    fs::create_dir_all(directory.join("tokens")).unwrap();
    let conf = directory.join("softhsm2.conf");
    let tokens = directory.join("tokens");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(&conf, text).unwrap();
    let made = Command::new("softhsm2-util")
        .env("SOFTHSM2_CONF", &conf)
        .args(["--init-token", "--free", "--label", LABEL])
        .args(["--so-pin", "13572468", "--pin", PIN_OF_USER])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let told = Command::new(std::env::current_exe().unwrap())
        .env("SOFTHSM2_CONF", &conf)
        .env("SHOUDAN_TEST_TOKEN", &directory)
        .args(["it::keys", "--test-threads=1"])
        .output()
        .unwrap();
    fs::remove_dir_all(&directory).unwrap();
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{said}{}", String::from_utf8_lossy(&told.stderr));
    assert!(said.contains("a_lost_token_is_never_a_yes ... ok"), "{said}");
}

pub fn place(kind: KeyKind, version: i64) -> Place<'static> {
    Place {
        merchant: "mch_1",
        terminal: "trm_1",
        kind,
        version,
    }
}

struct Issued {
    stored: Stored,
    clear: DesKey,
}

fn issued(module: &KeyModule, kind: KeyKind, size: usize) -> Issued {
    let mut ids = IdSource::seeded(size as u64 + 7);
    let master = module
        .import(&place(KeyKind::Tmk, 1), &Secret::new(TMK), &mut ids)
        .unwrap();
    let wanted = Wanted {
        place: place(kind, 1),
        size,
        layout: KeyLayout::Double,
    };
    let (stored, wrapped) = module
        .issue((&place(KeyKind::Tmk, 1), &master.block), &wanted, &mut ids)
        .unwrap();
    assert_eq!(wrapped.cryptogram.len(), size);
    // What the terminal does with it: decrypt under its master key, compare the check value.
    let clear = wrapped.open(&DesKey::new(&TMK).unwrap()).unwrap();
    assert_eq!(stored.check, clear.kcv());
    Issued { stored, clear }
}

fn message() -> Message {
    let mut message = Message::of_type(iso8583::Mti::parse("0200").unwrap());
    message.set(3, "000000").unwrap();
    message.set(4, "000000001234").unwrap();
    message.set(11, "000001").unwrap();
    message.set(41, "10000017").unwrap();
    message.set(42, "898310058120001").unwrap();
    message
}

#[test]
fn a_terminal_and_the_host_compute_the_same_mac() {
    for module in modules() {
        for (algorithm, size) in [
            (MacAlgorithm::Ecb, 8),
            (MacAlgorithm::Ecb, 16),
            (MacAlgorithm::X99, 8),
            (MacAlgorithm::X919, 16),
        ] {
            let key = issued(&module, KeyKind::Mak, size);
            let host = module
                .mac(&place(KeyKind::Mak, 1), &key.stored.block, algorithm)
                .unwrap();
            let terminal = MacKey::new(algorithm, key.clear.expose()).unwrap();
            let mut request = message();
            assert!(!host.verify(&request).unwrap(), "a message without a MAC");
            request.seal(&terminal).unwrap();
            assert!(host.verify(&request).unwrap(), "{algorithm:?} {size} {}", module.name());
            request.set(4, "000000001235").unwrap();
            assert!(!host.verify(&request).unwrap(), "another amount");
            let mut answer = message();
            host.seal(&mut answer).unwrap();
            assert_eq!(answer.verify(&terminal), Ok(()));
            assert_eq!(host.clone().uses(), 3);
        }
    }
}

#[test]
fn a_mac_key_that_does_not_fit_its_algorithm_is_none() {
    for module in modules() {
        for (algorithm, size) in [(MacAlgorithm::X919, 8), (MacAlgorithm::X99, 16)] {
            let key = issued(&module, KeyKind::Mak, size);
            let opened = module.mac(&place(KeyKind::Mak, 1), &key.stored.block, algorithm);
            assert!(matches!(opened, Err(Fault::Key(_))));
        }
    }
}

#[test]
fn a_pin_goes_from_the_terminals_key_to_the_networks() {
    let (pan, other) = (
        Pan::parse("6217000000000000018").unwrap(),
        Pan::parse("6217000000000111116").unwrap(),
    );
    let zone = DesKey::from_hex("89ABCDEF0123456798BADCFE10325476").unwrap();
    let pin = Pin::parse("123456").unwrap();
    for module in modules() {
        for size in [8, 16] {
            let key = issued(&module, KeyKind::Pik, size);
            let from = module.pin(&place(KeyKind::Pik, 1), &key.stored.block).unwrap();
            let to = module.zone(&zone).unwrap();
            for mixed in [Some(&pan), None] {
                let block = encrypt_pin(&key.clear, &pin, mixed);
                let moved = from.translate(block, mixed, (&to, Some(&pan))).unwrap().unwrap();
                assert_eq!(decrypt_pin(&zone, moved, Some(&pan)).unwrap().expose(), "123456");
            }
            let block = encrypt_pin(&key.clear, &pin, Some(&pan));
            assert_eq!(from.translate(block, Some(&other), (&to, Some(&other))).unwrap(), None);
            let sealed = module.seal_zone(&zone, &mut IdSource::seeded(5)).unwrap();
            let to = module.pin(&Place::ZONE, &sealed.block).unwrap();
            assert!(from.translate(block, Some(&pan), (&to, Some(&pan))).unwrap().is_some());
        }
    }
}

#[test]
fn a_track_opens_under_its_key() {
    let track = "6217000000000000018=30121010000012300";
    for module in modules() {
        let key = issued(&module, KeyKind::Tdk, 16);
        let handle = module.track(&place(KeyKind::Tdk, 1), &key.stored.block).unwrap();
        let sent = encrypt_track(&key.clear, track).unwrap();
        let opened = handle.decrypt(&sent).unwrap().unwrap();
        assert_eq!(opened.replace('D', "="), track);
        assert!(handle.decrypt("12").unwrap().is_none());
    }
}

#[test]
fn a_kept_key_is_given_again_as_it_was_and_in_no_other_form() {
    for module in modules() {
        let mut ids = IdSource::seeded(3);
        let master = module
            .import(&place(KeyKind::Tmk, 1), &Secret::new(TMK), &mut ids)
            .unwrap();
        let place_of_master = place(KeyKind::Tmk, 1);
        for (kind, size) in [
            (KeyKind::Pik, 8),
            (KeyKind::Pik, 16),
            (KeyKind::Mak, 16),
            (KeyKind::Tdk, 16),
        ] {
            let key = issued(&module, kind, size);
            let again = |place, size, block: &[u8]| {
                let layout = KeyLayout::Double;
                let under = (&place_of_master, master.block.as_slice());
                module.cover_again(under, &Wanted { place, size, layout }, block)
            };
            let here = place(kind, 1);
            let given = again(here, size, &key.stored.block).unwrap().unwrap();
            let clear = given.open(&DesKey::new(&TMK).unwrap()).unwrap();
            assert_eq!(clear.expose(), key.clear.expose());
            assert!(again(here, 24 - size, &key.stored.block).unwrap().is_none());
            assert!(
                again(place(kind, 2), size, &key.stored.block).is_err(),
                "not at another place"
            );
        }
    }
}

#[test]
fn a_stored_key_with_any_byte_changed_or_at_another_place_does_not_open() {
    for module in modules() {
        let key = issued(&module, KeyKind::Pik, 16);
        let (here, block) = (place(KeyKind::Pik, 1), key.stored.block);
        assert!(module.pin(&here, &block).is_ok());
        for at in 0..block.len() {
            let mut changed = block.clone();
            changed[at] ^= 1;
            assert!(module.pin(&here, &changed).is_err(), "byte {at} of {}", module.name());
            assert!(module.pin(&here, &block[..at]).is_err(), "cut at {at}");
        }
        for elsewhere in [
            Place { version: 2, ..here },
            Place {
                terminal: "trm_2",
                ..here
            },
            Place {
                merchant: "mch_2",
                ..here
            },
        ] {
            assert!(module.pin(&elsewhere, &block).is_err());
        }
    }
}

#[test]
fn a_key_made_for_one_thing_does_nothing_else() {
    for module in modules() {
        for made in KeyKind::WORKING {
            let block = issued(&module, made, 8).stored.block;
            for asked in KeyKind::WORKING.into_iter().filter(|asked| *asked != made) {
                // Also where only the letter in the header was changed to what is asked for.
                let mut relabelled = block.clone();
                relabelled[1] = issued(&module, asked, 8).stored.block[1];
                for block in [&block, &relabelled] {
                    let opened = match asked {
                        KeyKind::Mak => module.mac(&place(asked, 1), block, MacAlgorithm::Ecb).is_ok(),
                        KeyKind::Pik => module.pin(&place(asked, 1), block).is_ok(),
                        _ => module.track(&place(asked, 1), block).is_ok(),
                    };
                    assert!(!opened, "a {} as a {} in {}", made.code(), asked.code(), module.name());
                }
            }
            assert!(module.mac(&place(KeyKind::Pik, 1), &block, MacAlgorithm::Ecb).is_err());
            let wanted = Wanted {
                place: place(KeyKind::Pik, 2),
                size: 8,
                layout: KeyLayout::Single,
            };
            let under = module.issue((&place(made, 1), &block), &wanted, &mut IdSource::seeded(1));
            assert!(under.is_err(), "a {} as a master key", made.code());
        }
    }
}

#[test]
fn two_components_make_the_key_that_is_their_sum() {
    let one = [0x5A; 16];
    let other: [u8; 16] = std::array::from_fn(|i| TMK[i] ^ one[i]);
    for module in modules() {
        let mut ids = IdSource::seeded(2);
        let (first, second) = (place(KeyKind::Component, 1), place(KeyKind::Component, 2));
        let a = module.import(&first, &Secret::new(one), &mut ids).unwrap();
        let b = module.import(&second, &Secret::new(other), &mut ids).unwrap();
        let (whole, known) = module
            .combine(
                &place(KeyKind::Tmk, 1),
                [(&first, &a.block), (&second, &b.block)],
                &mut ids,
            )
            .unwrap();
        assert!(!known);
        assert_eq!(whole.check, DesKey::new(&TMK).unwrap().kcv());
        let direct = module
            .import(&place(KeyKind::Tmk, 1), &Secret::new(TMK), &mut ids)
            .unwrap();
        assert!(whole.signature == direct.signature);
        let swapped = module.combine(
            &place(KeyKind::Tmk, 1),
            [(&second, &a.block), (&first, &b.block)],
            &mut ids,
        );
        assert!(swapped.is_err());
    }
}

#[test]
fn equal_keys_have_equal_signatures_whatever_their_parity() {
    let module = KeyModule::software([3; 32]);
    let mut ids = IdSource::seeded(2);
    let mut sign = |key: [u8; 16]| {
        module
            .import(&place(KeyKind::Tmk, 1), &Secret::new(key), &mut ids)
            .unwrap()
            .signature
    };
    let mut flipped = TMK;
    flipped[5] ^= 1;
    assert!(sign(TMK) == sign(flipped));
    flipped[5] ^= 2;
    assert!(sign(TMK) != sign(flipped));
}

#[test]
fn keys_move_to_a_new_master_key_and_then_need_the_old_one_no_more() {
    let software = (
        KeyModule::software([3; 32]),
        KeyModule::software([4; 32]).also_opening([3; 32]),
        KeyModule::software([4; 32]),
    );
    let mut all = vec![software];
    if let Some(old) = token() {
        let new = settings("second").unwrap();
        Token::make_master(&new).unwrap();
        let both = TokenSettings {
            earlier: vec!["first".to_owned()],
            ..new.clone()
        };
        all.push((old, KeyModule::token(both).unwrap(), KeyModule::token(new).unwrap()));
    }
    for (old, both, new) in all {
        let mut ids = IdSource::seeded(3);
        let key = issued(&old, KeyKind::Mak, 16);
        let here = place(KeyKind::Mak, 1);
        assert!(matches!(
            new.authenticate(&here, &key.stored.block),
            Err(Fault::NoParent)
        ));
        let moved = both.rewrap(&here, &key.stored.block, &mut ids).unwrap().unwrap();
        assert!(
            both.rewrap(&here, &moved, &mut ids).unwrap().is_none(),
            "it is there already"
        );
        new.authenticate(&here, &moved).unwrap();
        let host = new.mac(&here, &moved, MacAlgorithm::X919).unwrap();
        let mut request = message();
        request
            .seal(&MacKey::new(MacAlgorithm::X919, key.clear.expose()).unwrap())
            .unwrap();
        assert!(host.verify(&request).unwrap());
        assert!(
            both.rewrap(&place(KeyKind::Mak, 2), &key.stored.block, &mut ids)
                .is_err()
        );
    }
}

#[test]
fn a_key_of_one_module_does_not_open_in_another() {
    let Some(token) = token() else { return };
    let software = KeyModule::software([3; 32]);
    let here = place(KeyKind::Mak, 1);
    let (a, b) = (issued(&software, KeyKind::Mak, 8), issued(&token, KeyKind::Mak, 8));
    assert!(token.authenticate(&here, &a.stored.block).is_err());
    assert!(software.authenticate(&here, &b.stored.block).is_err());
    let production = TokenSettings {
        profile: Profile::Production,
        ..settings("first").unwrap()
    };
    assert!(
        KeyModule::token(production.clone()).is_err(),
        "no production master of that name"
    );
    Token::make_master(&production).unwrap();
    let production = KeyModule::token(production).unwrap();
    assert!(
        production.authenticate(&here, &b.stored.block).is_err(),
        "a test key in production"
    );
    assert!(
        token
            .authenticate(&here, &issued(&production, KeyKind::Mak, 8).stored.block)
            .is_err()
    );
}

#[test]
fn a_token_holds_one_master_key_of_a_name() {
    let Some(_) = token() else { return };
    assert!(Token::make_master(&settings("first").unwrap()).is_err());
}

/// Ends the library under everyone's feet, as a driver does that lost its device.
fn unplug() {
    cryptoki::context::Pkcs11::new(library().unwrap())
        .unwrap()
        .finalize()
        .unwrap();
}

#[test]
fn a_lost_token_is_never_a_yes() {
    let Some(module) = token() else { return };
    let key = issued(&module, KeyKind::Mak, 8);
    let here = place(KeyKind::Mak, 1);
    let host = module.mac(&here, &key.stored.block, MacAlgorithm::Ecb).unwrap();
    let mut request = message();
    request
        .seal(&MacKey::new(MacAlgorithm::Ecb, key.clear.expose()).unwrap())
        .unwrap();
    assert!(host.verify(&request).unwrap());

    // Gone for a moment: the key is loaded anew and nobody notices.
    unplug();
    assert!(host.verify(&request).unwrap());

    // Gone: nothing is vouched for.
    let directory = PathBuf::from(std::env::var_os("SHOUDAN_TEST_TOKEN").unwrap());
    let (tokens, away) = (directory.join("tokens"), directory.join("away"));
    fs::rename(&tokens, &away).unwrap();
    fs::create_dir(&tokens).unwrap();
    unplug();
    assert!(matches!(host.verify(&request), Err(Fault::Unavailable(_))));
    assert!(matches!(host.seal(&mut message()), Err(Fault::Unavailable(_))));
    assert!(matches!(
        module.authenticate(&here, &key.stored.block),
        Err(Fault::Unavailable(_))
    ));
    assert!(matches!(module.parent(), Err(Fault::Unavailable(_))));

    // Back.
    restore(&tokens, &away);
    unplug();
    assert!(host.verify(&request).unwrap());
}

fn restore(tokens: &Path, away: &Path) {
    fs::remove_dir_all(tokens).unwrap();
    fs::rename(away, tokens).unwrap();
}

#[test]
fn a_wrapped_key_shows_nothing() {
    let module = KeyModule::software([3; 32]);
    let key = issued(&module, KeyKind::Pik, 16);
    assert!(!key.stored.block.windows(8).any(|w| w == &key.clear.expose()[..8]));
    let wrapped = WrappedKey::under(&DesKey::new(&TMK).unwrap(), &key.clear);
    assert!(!format!("{wrapped:?}").contains(&operations::sealing::hex(&wrapped.cryptogram)));
}
