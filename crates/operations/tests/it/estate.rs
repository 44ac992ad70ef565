//! A merchant with one healthy terminal, made by the operations themselves: applied, approved, signed, verified, placed,
//! registered, activated, signed in.

use domain::stages::SubjectKind;
use operations::merchants::{self, NewAccount, NewAgent, NewMerchant};
use operations::network::{self, Verdict};
use operations::refused::Done;
use operations::terminals::{self, NewDevice, NewModel, NewTerminal};
use operations::{Ctx, moves, requests};
use store::Tx;

/// What a story talks about.
#[derive(Clone, Debug)]
pub struct Estate {
    pub agent: String,
    pub merchant: String,
    pub merchant_number: String,
    pub shop: String,
    pub terminal: String,
    pub number: String,
    pub serial: String,
    pub registration: String,
    pub device: String,
}

/// A noodle shop in Shenzhen, with everything as it must be.
pub fn noodle_shop() -> NewMerchant {
    NewMerchant {
        kind: "sole_trader".into(),
        name: "深圳市南山区阿明牛肉面馆".into(),
        short_name: "阿明牛肉面".into(),
        uscc: Some("92440300MA0000008X".into()),
        mcc: "5812".into(),
        province: "44".into(),
        city: "深圳".into(),
        city_code: "5840".into(),
        agent: "-".into(),
        representative_name: "陈小明".into(),
        representative_id: "11010519491231002X".into(),
        contact_name: "陈小明".into(),
        contact_phone: "138 0000 0001".into(),
        shop_name: "阿明牛肉面南山店".into(),
        address: "南山大道 1088 号".into(),
        account: Some(NewAccount {
            holder: "陈小明".into(),
            number: "6222 0200 0000 0000 000".into(),
            bank: "中国工商银行深圳南山支行".into(),
            corporate: false,
        }),
    }
}

/// The same, with identifiers that pass every check.
pub fn sound() -> NewMerchant {
    NewMerchant {
        uscc: Some(unified_code("924403000000001")),
        representative_id: resident_id("440305198505120").into(),
        ..noodle_shop()
    }
}

/// Fifteen characters, completed by the two check characters.
pub fn unified_code(begin: &str) -> String {
    let letters = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let all = letters.chars().flat_map(|a| letters.chars().map(move |b| (a, b)));
    all.map(|(a, b)| format!("{begin}0{a}{b}"))
        .find(|code| domain::identifiers::UnifiedCode::parse(code).is_ok_and(|c| c.warnings().is_empty()))
        .unwrap()
}

/// Area, birth date and the first digit of the sequence, completed.
pub fn resident_id(begin: &str) -> String {
    let today = domain::time::Date::new(2026, 3, 2).unwrap();
    "0123456789X"
        .chars()
        .map(|last| format!("{begin}00{last}"))
        .find(|id| domain::identifiers::ResidentId::parse(id, today).is_ok())
        .unwrap()
}

/// Builds it. `serial` and the numbers follow from `n`, so that several can stand in one database.
pub fn build(tx: &mut Tx<'_>, ctx: &mut Ctx, n: usize) -> Done<Estate> {
    let agent = merchants::create_agent(
        tx,
        ctx,
        NewAgent {
            number: format!("A{n:03}"),
            name: "岭南商服".into(),
            province: "44".into(),
        },
    )?;
    moves::apply(tx, ctx, "-", SubjectKind::Agent, agent.as_str(), "admit")?;
    let new = NewMerchant {
        agent: agent.to_string(),
        ..sound()
    };
    let merchant = merchants::create(tx, ctx, new)?;
    open_up(tx, ctx, merchant.as_str())?;
    let model = terminals::create_model(
        tx,
        ctx,
        NewModel {
            code: format!("SD-{n}"),
            name_zh: "智能终端".into(),
            name_en: "Smart terminal".into(),
            form: "smart".into(),
            minimum_software: "3.2.0".into(),
            certified_until: None,
        },
    )?;
    let serial = format!("00005704{n:010}");
    let device = NewDevice {
        serial: serial.clone(),
        model: model.to_string(),
        software: "3.4.1".into(),
        warranty_until: None,
    };
    let device = terminals::receive(tx, ctx, device)?;
    let shop = store::parties::shops(tx, merchant.as_str())?.remove(0).id;
    let terminal = terminals::create(
        tx,
        ctx,
        NewTerminal {
            merchant: merchant.to_string(),
            shop: shop.clone(),
            serial: Some(serial.clone()),
            number: None,
            spare: false,
            mac: "ecb".into(),
        },
    )?;
    for (kind, id, event) in [
        (SubjectKind::Device, device.as_str(), "issue"),
        (SubjectKind::Device, device.as_str(), "activate"),
        (SubjectKind::Terminal, terminal.as_str(), "open"),
    ] {
        moves::apply(tx, ctx, merchant.as_str(), kind, id, event)?;
    }
    let registration = store::registrations::of_terminal(tx, merchant.as_str(), terminal.as_str())?
        .unwrap()
        .id;
    network::file(tx, ctx, merchant.as_str(), terminal.as_str())?;
    network::answer(tx, ctx, merchant.as_str(), &registration, Verdict::Accepted, "")?;
    requests::event_step(
        tx,
        ctx,
        merchant.as_str(),
        "terminal",
        terminal.as_str(),
        "terminal.signed_in",
    )?;
    Ok(Estate {
        agent: agent.to_string(),
        merchant_number: store::parties::merchant(tx, merchant.as_str())?.unwrap().number,
        number: store::terminals::get(tx, merchant.as_str(), terminal.as_str())?
            .unwrap()
            .number,
        merchant: merchant.to_string(),
        terminal: terminal.to_string(),
        device: device.to_string(),
        shop,
        serial,
        registration,
    })
}

/// From applying to active, signed and with a verified account.
pub fn open_up(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str) -> Done<()> {
    for event in ["submit", "approve"] {
        moves::apply(tx, ctx, merchant, SubjectKind::Merchant, merchant, event)?;
    }
    merchants::note_active(tx, ctx, merchant)?;
    let contract = store::parties::contract(tx, merchant)?.unwrap().id;
    moves::apply(tx, ctx, merchant, SubjectKind::Contract, &contract, "sign")?;
    merchants::note_signed(tx, ctx, merchant)?;
    let account = store::parties::current_account(tx, merchant)?.unwrap().id;
    moves::apply(tx, ctx, merchant, SubjectKind::SettlementAccount, &account, "verify")?;
    Ok(())
}
