//! `/styleguide`: every component with the sample's data (demonstration only).

use maud::{Markup, html};
use operations::views::StepView;

use super::components::{
    Action, Area, Banner, Choice, Column, Empty, Fact, Field, FileField, Input, Row, Slot, Tone, Weight, actions,
    badge, banner, bars, causes, empty, errors_first, facts, field, file_field, line, money, money_big, notice, pager,
    plan, qr, shell, spark, state_badge, table, timeline, warnings, works,
};
use super::icons::{Icon, icon};
use super::page::Page;
use super::standing::Standing;
use super::{pictures, sample};

/// `/styleguide`
pub fn styleguide(page: &Page<'_>) -> Markup {
    let lang = page.lang;
    let stopped = sample::stopped(lang);
    let all_causes = [
        sample::licence_cause(lang),
        sample::category_cause(lang),
        sample::final_cause(lang),
    ];
    let request = sample::request(lang);
    shell(
        page,
        "Style guide",
        &Area::Public,
        html! {
            h1 { "Style guide" }
            (part("type", html! {
                p.lead { "收单 · Shoudan 32 / 24 / 19 / 16 / 13" }
                p { "正文 16 px。¥1,234.50 · " span.number { "0123456789" } " · " span.code { "7K3-M9Q" } }
                p.quiet { "说明文字 quiet" }
            }))
            (part("colours", html! {
                ul.swatches {
                    @for name in ["ground", "surface", "sunk", "line", "ink", "muted", "accent", "works", "waiting", "soon", "limited", "stopped", "ended"] {
                        li.{ "swatch-" (name) } { span {} (name) }
                    }
                }
            }))
            (part("badge", html! { p.row { @for standing in Standing::ALL { (badge(page, standing)) } (state_badge("returned", "returned")) } }))
            (part("icons", html! { p.row.icons { @for which in Icon::ALL { (icon(which)) } } }))
            (part("banner", html! {
                @for standing in Standing::ALL {
                    (banner(page, &Banner::one_of(standing, &stopped.headline)))
                }
            }))
            (part("works", works(page, &stopped.capabilities)))
            (part("causes", causes(page, &all_causes, &stopped.capabilities)))
            (part("warnings", warnings(page, &sample::warnings(lang), &stopped.capabilities)))
            (part("plan", plan(page, &request.steps, &|step: &StepView| step.mine.then(|| "#plan".to_owned()))))
            (part("actions", actions(&[
                Action::link("Primary", "#actions", Weight::Primary),
                Action::link("Quiet", "#actions", Weight::Quiet).icon(Icon::Phone),
                Action::link("Danger", "#actions", Weight::Danger),
            ])))
            (part("field", fields(page)))
            (part("file", files(page)))
            (part("table", rows(page)))
            (part("facts", facts(&[Fact::code("SN", "SD24100000127"), Fact::text("型号 · Model", "青竹 Q2"), Fact::of("金额 · Amount", money(123_450))])))
            (part("timeline", timeline(page, &sample::events(lang), true)))
            (part("money", html! { p { (money_big(1_284_350)) } p { (money(-350)) } }))
            (part("chart", charts()))
            (part("empty", empty(&Empty { icon: Icon::Terminal, what: "这里会列出… · What would be here", how: "怎样出现 · How it gets here", action: None })))
            (part("notice", html! {
                @for tone in [Tone::Info, Tone::Good, Tone::Care, Tone::Bad] { (notice(tone, html! { p { (stopped.headline) } })) }
            }))
            (part("qr", html! { div.ticket { p.code { "7K3-M9Q" } (qr("https://pos.example.cn/e/7K3-M9Q", "QR")) } }))
            (part("pictures", html! {
                p.row {
                    @for code in ["business_licence", "id_card_front", "id_card_back", "bank_card_photo", "id_in_hand_photo", "shop_front_photo", "counter_photo", "device_photo", "premises_proof"] {
                        (pictures::example(code))
                    }
                }
                (pictures::slip(page))
            }))
        },
    )
}

fn part(name: &str, body: Markup) -> Markup {
    html! { section.guide id=(name) { h2 { (name) } (body) } }
}

fn fields(page: &Page<'_>) -> Markup {
    let errors = [(
        "bad".to_owned(),
        "第 18 位校验不对 · the 18th character does not fit".to_owned(),
    )];
    let choices = vec![
        Choice {
            value: "a".into(),
            name: "一周 · a week".into(),
            about: "可提前结束 · may end early".into(),
        },
        Choice {
            value: "b".into(),
            name: "一个月 · a month".into(),
            about: String::new(),
        },
    ];
    html! {
        (errors_first(page, &errors))
        (field(page, &Field { hint: "提示 · hint", value: "92330102MA2", ..Field::line("bad", "统一社会信用代码 · credit code") }.error_from(&errors)))
        (field(page, &Field { optional: true, ..Field::line("good", "联系手机 · mobile") }.of(Input::Line("tel"))))
        (field(page, &Field::line("lines", "说明 · note").of(Input::Lines)))
        (field(page, &Field::line("select", "多久 · how long").of(Input::Select(choices.clone()))))
        (field(page, &Field { value: "a", ..Field::line("radio", "多久 · how long") }.of(Input::Radio(choices))))
        (field(page, &Field::line("check", "同意 · agree").of(Input::Check)))
    }
}

fn files(page: &Page<'_>) -> Markup {
    let request = sample::request(page.lang);
    let asked = request.steps.iter().flat_map(|step| step.documents.iter());
    html! {
        div.documents {
            @for asked in asked { (file_field(page, &FileField { asked, action: "#file", error: "", open: true })) }
        }
    }
}

fn rows(page: &Page<'_>) -> Markup {
    let columns = [
        Column::words("时间 · Time").at(Slot::TopStart),
        Column::numbers("金额 · Amount").at(Slot::TopEnd),
        Column::words("状态 · State").at(Slot::LowStart),
    ];
    let rows: Vec<Row> = sample::transactions(page.lang)
        .iter()
        .map(|one| Row {
            cells: vec![
                page.when(one.at),
                money(one.amount),
                state_badge(&one.state, &one.state_name),
            ],
            href: Some("#table".into()),
        })
        .collect();
    html! { (table("table", &columns, &rows)) (pager(page, true, Some("next"))) }
}

fn charts() -> Markup {
    let some: Vec<super::components::Bar> = [3_i64, 7, 5, 0, 9, 6, 2]
        .iter()
        .zip(1..)
        .map(|(value, i)| super::components::Bar {
            label: format!("11/{i}"),
            value: *value,
            text: value.to_string(),
            strong: i == 7,
        })
        .collect();
    html! {
        div.columns {
            (bars("bars", &some))
            (line("line", &[3, 7, 5, 2, 9, 6, 12], "11/1", "11/7"))
        }
        p { "spark " (spark("spark", &[1, 4, 2, 8, 5, 7])) }
    }
}
