//! The sample's lists: terminals, transactions, events, people.

use domain::names::Lang;
use operations::views::{
    ContractView, EventView, MerchantView, RequestRow, SettlementAccountView, ShopView, TerminalView, TransactionView,
};

use super::{DAY, HOUR, NOW, say, subject};
use crate::portal::merchant::{DayTakings, Offer, Person};
use crate::portal::public::DemoAccount;

fn shop(lang: Lang) -> ShopView {
    ShopView {
        id: "shp_1".into(),
        name: say(lang, "解放路店", "Jiefang Road"),
        address: say(
            lang,
            "杭州市上城区解放路 118 号",
            "118 Jiefang Road, Shangcheng, Hangzhou",
        ),
        stage: "open".into(),
    }
}

/// Three terminals: one works, one stopped, one will be dormant.
pub fn terminals(lang: Lang) -> Vec<TerminalView> {
    let one = |id: &str, number: &str, standing: &str, last: i64, spare: bool| TerminalView {
        id: id.into(),
        number: number.into(),
        merchant_id: "mch_1".into(),
        merchant_number: "826331058120163".into(),
        merchant_name: say(lang, "老周面馆", "Lao Zhou Noodles"),
        shop: shop(lang),
        stage: "live".into(),
        stage_name: say(lang, "已开通", "Live"),
        serial: format!("SD24{number}7"),
        model: say(lang, "青竹 Q2 电签终端", "Qingzhu Q2"),
        standing: standing.into(),
        spare,
        software: "2.6.1".into(),
        batch: 318,
        signed_in: true,
        signed_in_at: Some(NOW - 3 * HOUR),
        last_sale_at: Some(NOW - last),
        opened_at: Some(NOW - 400 * DAY),
    };
    vec![
        one("trm_2", "10000024", "works", 9 * 60_000, false),
        one("trm_1", "10000012", "stopped", 6 * DAY, false),
        one("trm_3", "10000031", "works", 74 * DAY, true),
    ]
}

/// Seven days of takings.
pub fn days() -> Vec<DayTakings> {
    let amounts = [1_284_350, 1_010_900, 1_530_220, 1_402_080, 0, 1_196_640, 438_250];
    (0..)
        .zip(amounts)
        .map(|(i, amount)| DayTakings {
            at: NOW - (6 - i) * DAY,
            amount,
            count: amount / 3_450,
        })
        .collect()
}

/// Transactions in every state.
pub fn transactions(lang: Lang) -> Vec<TransactionView> {
    let rows = [
        ("approved", "成功", "Approved", "00", 2_600, "", 9 * 60_000, "sale"),
        ("approved", "成功", "Approved", "00", 4_850, "", 21 * 60_000, "sale"),
        ("declined", "未成功", "Declined", "97", 1_234, "7K3-M9Q", HOUR, "sale"),
        ("voided", "已撤销", "Voided", "00", 3_200, "", 2 * HOUR, "sale"),
        ("unknown", "核实中", "Being resolved", "", 128_000, "", 3 * HOUR, "sale"),
        ("refunded", "已退货", "Refunded", "00", 56_800, "", DAY, "refund"),
    ];
    (0_i64..)
        .zip(rows)
        .map(
            |(i, (state, zh, en, code, amount, explanation, ago, kind))| TransactionView {
                id: format!("txn_{i}"),
                terminal_number: if explanation.is_empty() {
                    "10000024".into()
                } else {
                    "10000012".into()
                },
                kind: kind.into(),
                kind_name: if kind == "sale" {
                    say(lang, "消费", "Sale")
                } else {
                    say(lang, "退货", "Refund")
                },
                amount,
                state: state.into(),
                state_name: say(lang, zh, en),
                response_code: code.into(),
                rrn: format!("1118{:08}", 40_213 + i),
                masked_card: "622202******0012".into(),
                stan: 412 - i,
                batch: 318,
                card_type: say(lang, "借记卡", "debit card"),
                fee: if code == "00" { amount / 200 } else { 0 },
                explanation_code: explanation.into(),
                at: NOW - ago,
            },
        )
        .collect()
}

/// What happened at the stopped terminal.
pub fn events(lang: Lang) -> Vec<EventView> {
    let rows = [
        (
            "terminal.declined",
            HOUR,
            "一笔消费未成功，凭条上印了原因码 7K3-M9Q",
            "A sale was declined; the slip carries the code 7K3-M9Q",
        ),
        (
            "request.step_returned",
            20 * HOUR,
            "营业执照照片被退回：有效期看不清",
            "The licence photo was returned: the validity cannot be read",
        ),
        (
            "request.step_completed",
            2 * DAY,
            "负责人身份核验完成",
            "The owner's identity was verified",
        ),
        (
            "request.opened",
            3 * DAY,
            "开始办理恢复收款",
            "Restoring payments was begun",
        ),
        (
            "stop.started",
            6 * DAY,
            "停止收款：营业执照已过有效期",
            "Payments stopped: the business licence has expired",
        ),
        (
            "stop.announced",
            36 * DAY,
            "提前通知：营业执照将在 30 天后到期",
            "Announced: the business licence expires in 30 days",
        ),
    ];
    (0_i64..)
        .zip(rows)
        .map(|(i, (kind, ago, zh, en))| EventView {
            id: format!("evt_{i}"),
            kind: kind.into(),
            merchant_id: "mch_1".into(),
            subject: subject("terminal", "trm_1", "10000012"),
            sequence: 90 - i,
            at: NOW - ago,
            text: say(lang, zh, en),
            actor: say(lang, "系统", "System"),
            data: serde_json::Value::Null,
        })
        .collect()
}

/// Two open requests: one waits for the merchant, one for a reviewer.
pub fn requests_open(lang: Lang) -> Vec<RequestRow> {
    let one = |id: &str, kind: [&str; 2], who: &str, name: [&str; 2], by: i64| RequestRow {
        id: id.into(),
        merchant_id: "mch_1".into(),
        merchant_name: say(lang, "老周面馆", "Lao Zhou Noodles"),
        kind: "restoration".into(),
        kind_name: say(lang, kind[0], kind[1]),
        subject: subject(
            "terminal",
            "trm_1",
            &say(lang, "解放路店 10000012", "Jiefang Road 10000012"),
        ),
        state: "open".into(),
        waiting_on: who.into(),
        waiting_on_name: say(lang, name[0], name[1]),
        promise_by: Some(by),
        opened_at: NOW - 3 * DAY,
    };
    vec![
        one(
            "req_4f2k9",
            ["恢复收款", "Restoring payments"],
            "merchant",
            ["商户", "the merchant"],
            NOW + 7 * DAY + 7 * HOUR,
        ),
        one(
            "req_7p1m3",
            ["变更结算账户", "Changing the settlement account"],
            "reviewer",
            ["审核人员", "a reviewer"],
            NOW + DAY + 7 * HOUR,
        ),
    ]
}

/// What the merchant may ask for.
pub fn offers(lang: Lang) -> Vec<Offer> {
    let rows = [
        (
            "replacement",
            "更换机具",
            "Replace the machine",
            "机器坏了或丢了：寄出新机，旧机寄回。",
            "Broken or lost: a new one is sent, the old one goes back.",
        ),
        (
            "relocation",
            "移机",
            "Move it",
            "机器要搬到别的地址用，先登记再搬。",
            "Used at another address: registered first, then moved.",
        ),
        (
            "pause",
            "暂停收款",
            "Pause",
            "歇业期间暂停收款，不计入久未使用。",
            "Closed for a while: payments pause and the time does not count as unused.",
        ),
        (
            "deactivation",
            "停用这台机器",
            "Give it up",
            "结清后停用，退还押金。",
            "After settling up the machine is withdrawn and the deposit refunded.",
        ),
    ];
    rows.iter()
        .map(|(kind, zh, en, about_zh, about_en)| Offer {
            name: say(lang, zh, en),
            about: say(lang, about_zh, about_en),
            href: crate::portal::paths::new_request(kind, "trm_1"),
        })
        .collect()
}

/// The shop's people.
pub fn people(lang: Lang) -> Vec<Person> {
    vec![
        Person {
            name: say(lang, "周秀兰", "Zhou Xiulan"),
            login: "138****0163".into(),
            role: say(lang, "店主", "Owner"),
            second_factor: true,
            you: true,
            href: None,
        },
        Person {
            name: say(lang, "周小雨", "Zhou Xiaoyu"),
            login: "xiaoyu".into(),
            role: say(lang, "店员", "Clerk"),
            second_factor: false,
            you: false,
            href: Some(crate::portal::paths::person("usr_2")),
        },
    ]
}

/// Where payouts go.
pub fn settlement_account(lang: Lang) -> SettlementAccountView {
    SettlementAccountView {
        id: "acc_1".into(),
        bank: say(lang, "某某银行杭州解放路支行", "Sample Bank, Jiefang Road branch"),
        account_kind: "personal".into(),
        masked: "6222 02** **** 0163".into(),
        stage: "verified".into(),
        effective_at: Some(NOW - 400 * DAY),
    }
}

/// The noodle shop.
pub fn merchant(lang: Lang) -> MerchantView {
    MerchantView {
        id: "mch_1".into(),
        number: "826331058120163".into(),
        kind: "sole_trader".into(),
        name: say(lang, "杭州上城区老周面馆", "Lao Zhou Noodles, Shangcheng"),
        short_name: say(lang, "老周面馆", "Lao Zhou Noodles"),
        mcc: "5812".into(),
        mcc_name: say(lang, "餐馆", "Restaurants"),
        province: "33".into(),
        city: say(lang, "杭州", "Hangzhou"),
        stage: "active".into(),
        stage_name: say(lang, "已入网", "Active"),
        agent_id: "agt_1".into(),
        agent_name: say(lang, "杭州诚信服务商", "Chengxin Services, Hangzhou"),
        risk_level: "low".into(),
        masked: Vec::new(),
        shops: vec![shop(lang)],
        settlement_account: Some(settlement_account(lang)),
        contract: Some(ContractView {
            id: "con_1".into(),
            number: "HT-2025-00163".into(),
            stage: "in_force".into(),
            signed_at: Some(NOW - 400 * DAY),
            expires_at: Some(NOW + 330 * DAY),
        }),
        terminals: 3,
        created_at: NOW - 410 * DAY,
        activated_at: Some(NOW - 400 * DAY),
    }
}

/// Accounts of the demonstration.
pub fn accounts(lang: Lang) -> Vec<DemoAccount> {
    vec![
        DemoAccount {
            role: say(lang, "店主", "Owner"),
            login: "owner".into(),
            password: "noodles-163".into(),
            first: true,
        },
        DemoAccount {
            role: say(lang, "审核", "Reviewer"),
            login: "reviewer".into(),
            password: "second-eyes".into(),
            first: false,
        },
    ]
}
