//! What each kind of event says, in both languages. `{name}` is filled from the event's data (see `render`); a part
//! in `[…]` is left out when something it names is not there.

/// The sentence of one kind of event.
pub struct Sentence {
    /// The kind.
    pub kind: &'static str,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
    /// Happens so often that the time-line of a whole merchant leaves it out.
    pub routine: bool,
}

const fn row(kind: &'static str, zh: &'static str, en: &'static str) -> Sentence {
    Sentence {
        kind,
        zh,
        en,
        routine: false,
    }
}

const fn routine(kind: &'static str, zh: &'static str, en: &'static str) -> Sentence {
    Sentence {
        kind,
        zh,
        en,
        routine: true,
    }
}

/// Every kind of event there is.
#[rustfmt::skip]
pub const SENTENCES: &[Sentence] = &[
    row("stop.announced",  "预告停用：{reason}[，{starts_at} 起生效]",       "Stop announced: {reason}[, from {starts_at}]"),
    row("stop.started",    "停用生效：{reason}[，至 {ends_at}]",             "Stopped: {reason}[, until {ends_at}]"),
    row("stop.changed",    "停用有变更：{reason}[，改为 {starts_at} 起][，至 {ends_at}]", "Stop changed: {reason}[, now from {starts_at}][, until {ends_at}]"),
    row("stop.cleared",    "停用解除：{reason}[（{why}）]",                  "Stop lifted: {reason}[ ({why})]"),
    row("stop.cancelled",  "预告取消：{reason}[（{why}）]",                  "Announced stop cancelled: {reason}[ ({why})]"),
    row("stop.made_final", "停用转为终局：{reason}",                         "Stop made final: {reason}"),

    row("request.opened",         "申请已提交：{request}",                        "Request opened: {request}"),
    row("request.step_submitted", "已提交，等待审核：{step}",                     "Submitted, to be reviewed: {step}"),
    row("request.step_completed", "步骤完成：{step}",                             "Step done: {step}"),
    row("request.step_returned",  "退回补正：{step}[，{remark}]",                 "Sent back for correction: {step}[: {remark}]"),
    row("request.chosen",         "改选恢复方式：{reason}",                       "Another way out chosen: {reason}"),
    row("request.stalled",        "申请超过承诺时间：{request}[，当前步骤 {step}]", "Request past its promised time: {request}[, at {step}]"),
    row("request.completed",      "申请办结：{request}",                          "Request completed: {request}"),
    row("request.withdrawn",      "申请已撤回：{request}[（{why}）]",             "Request withdrawn: {request}[ ({why})]"),
    row("request.refused",        "申请未通过：{request}[（{why}）]",             "Request refused: {request}[ ({why})]"),
    row("document.supplied",      "已上传：{document}",                           "Document supplied: {document}"),
    row("review.opened",          "进入审核[，承诺 {promise_at} 前答复]",         "Under review[, answer promised by {promise_at}]"),
    row("review.approval_given",  "一位审核人同意[，还需 {remaining} 位]",        "One reviewer agreed[, {remaining} more needed]"),
    row("review.decided",         "审核结果：{decision}[，{remark}]",             "Review decided: {decision}[. {remark}]"),

    row("terminal.created",             "终端建档：{label}",                       "Terminal created: {label}"),
    row("terminal.signed_in",           "终端签到[，批次 {batch}]",                "Terminal signed in[, batch {batch}]"),
    row("terminal.sign_in_refused",     "终端签到未成功[：{reason}][，应答码 {response_code}]", "Sign-in refused[: {reason}][, response code {response_code}]"),
    row("terminal.identity_refused",    "另一台机具冒用此终端号，已拒绝[，应答码 {response_code}]", "Another device spoke under this terminal number and was refused[, response code {response_code}]"),
    routine("terminal.sold",            "消费 {amount} 成功[，参考号 {rrn}]",    "Sale of {amount} approved[, reference {rrn}]"),
    row("terminal.preauthorised",       "预授权 {amount} 元成功[，参考号 {rrn}]",  "Pre-authorisation of {amount} yuan approved[, reference {rrn}]"),
    row("terminal.completed",           "预授权完成 {amount} 元[，参考号 {rrn}]",  "Completion of {amount} yuan[, reference {rrn}]"),
    row("terminal.declined",            "交易被拒[，{amount}][：{reason}][，应答码 {response_code}][，原因码 {code}]", "Declined[, {amount}][: {reason}][, response code {response_code}][, explanation code {code}]"),
    row("terminal.voided",              "撤销 {amount}[，原参考号 {rrn}]",      "Void of {amount}[, original reference {rrn}]"),
    row("terminal.refunded",            "退货 {amount}[，参考号 {rrn}]",        "Refund of {amount}[, reference {rrn}]"),
    row("terminal.reversed",            "冲正 {amount}[，参考号 {rrn}]",        "Reversal of {amount}[, reference {rrn}]"),
    row("terminal.settled",             "批次 {batch} 结算[，{balance}]",          "Batch {batch} settled[, {balance}]"),
    row("terminal.batch_uploaded",      "批次 {batch} 明细上送完成",               "Batch {batch} uploaded"),
    row("terminal.downloaded",          "下载完成：{download}",                    "Downloaded: {download}"),
    row("terminal.clock_off",           "终端时钟{direction} {minutes} 分钟",      "The terminal's clock is {minutes} minutes {direction}"),
    routine("terminal.loaded",          "圈存 {amount} 成功[，参考号 {rrn}]",      "Load of {amount} approved[, reference {rrn}]"),
    routine("terminal.adjusted",        "调整 {amount}[，参考号 {rrn}]",           "Adjustment of {amount}[, reference {rrn}]"),
    row("notice.refused",               "银行卡网络不认可已上送的一笔 {amount}[，应答码 {response_code}][，参考号 {rrn}]，需人工处理", "The card network refused a notified transaction of {amount}[, response code {response_code}][, reference {rrn}]; somebody has to look at it"),
    row("terminal.parameters_downloaded","参数下载完成",                           "Parameters downloaded"),
    row("terminal.software_updated",    "软件更新[到 {version}]",                  "Software updated[ to {version}]"),
    row("terminal.keys_worn",           "工作密钥到期，需重新签到",                 "Working keys have served their time; sign in again"),
    row("terminal.keys_mismatch",       "密钥校验值不一致[：后台 {host}，机具 {device}]", "Key check values differ[: host {host}, device {device}]"),
    row("terminal.key_component",       "主密钥分量已录入[：第 {part} 份]",           "Master key component entered[: number {part}]"),
    row("terminal.keys_loaded",         "主密钥已写入",                            "Master key loaded"),
    row("terminal.opened",              "终端开通",                                "Terminal opened"),
    row("terminal.moved",               "终端移机[到 {name}]",                     "Terminal moved[ to {name}]"),
    row("transaction.unknown",          "一笔交易结果未知，{amount}，系统正在查证", "Outcome of a transaction of {amount} unknown; being resolved"),
    row("transaction.resolved",         "未知交易已查清：{decision}",              "Unknown transaction resolved: {decision}"),
    row("reversal.queued",              "冲正待发往银行卡网络",                    "Reversal queued for the card network"),
    row("reversal.confirmed",           "冲正已由银行卡网络确认",                  "Reversal confirmed by the card network"),

    row("device.created",          "机具入库：{label}",                  "Device received into stock: {label}"),
    row("device.issued",           "机具发出：{label}",                  "Device issued: {label}"),
    row("device.delivered",        "机具送达：{label}",                  "Device delivered: {label}"),
    row("device.activated",        "机具激活：{label}",                  "Device activated: {label}"),
    row("device.activation_code_issued", "激活码已生成[，{expires_at} 前有效]", "Activation code issued[, valid until {expires_at}]"),
    row("device.replaced",         "机具更换：{label}[，新机 {serial}]", "Device replaced: {label}[, now {serial}]"),
    row("device.self_test_passed", "机具自检通过：{label}",              "Device self-test passed: {label}"),
    row("device.fault_reported",   "机具报告故障[：{reason}]",           "Device reported a fault[: {reason}]"),

    row("registration.submitted", "终端登记已上报",               "Registration filed with the clearing organisation"),
    row("registration.accepted",  "终端登记已受理",               "Registration accepted"),
    row("registration.rejected",  "终端登记被退回[：{answer}]",   "Registration rejected[: {answer}]"),
    row("registration.withdrawn", "终端登记已注销",               "Registration withdrawn"),
    row("registration.drifted",   "终端登记与现场不一致[：{answer}]", "Registration no longer matches[: {answer}]"),

    row("merchant.created",        "商户建档：{label}",                        "Merchant created: {label}"),
    row("merchant.activated",      "商户开通：{label}",                        "Merchant activated: {label}"),
    row("merchant.data_corrected", "商户资料已更正",                           "Merchant data corrected"),
    row("merchant.closed",         "商户销户：{label}",                        "Merchant closed: {label}"),
    row("shop.created",            "门店建档：{label}",                        "Shop created: {label}"),
    row("contract.created",        "受理协议拟定：{label}",                    "Contract drawn up: {label}"),
    row("contract.signed",         "受理协议签署：{label}",                    "Contract signed: {label}"),
    row("agent.created",           "代理商建档：{label}",                      "Agent created: {label}"),
    row("payment.received",        "收到款项 {amount}",                     "Payment of {amount} received"),
    row("training.completed",      "培训完成",                                 "Training completed"),

    row("settlement_account.created",          "结算账户登记",                             "Settlement account recorded"),
    row("settlement_account.change_requested", "申请变更结算账户",                         "Change of settlement account requested"),
    row("settlement_account.verified",         "结算账户验证通过",                         "Settlement account verified"),
    row("settlement_account.cooling",          "结算账户变更进入冷静期[，至 {ends_at}]",   "Change of settlement account in its cooling-off period[, until {ends_at}]"),
    row("settlement_account.undone",           "结算账户变更已撤销",                       "Change of settlement account undone"),
    row("settlement_account.effective",        "新结算账户生效",                           "New settlement account in effect"),
    row("settlement_account.refused",          "结算账户变更未通过[（{why}）]",            "Change of settlement account refused[ ({why})]"),

    row("dormancy.noticed",     "长期无交易提醒[：{starts_at} 起{reason}]",   "Notice of inactivity[: {reason} from {starts_at}]"),
    row("dormancy.recheck_due", "三个月无交易，需重新核实：{label}",          "Three months without a transaction; to be verified again: {label}"),
    row("dormancy.stopped",     "长期无交易，已停用：{label}",                "Stopped after a long time without a transaction: {label}"),
    row("dormancy.woken",       "恢复交易，长期无交易计时重新开始：{label}",  "Active again; the clock of inactivity starts anew: {label}"),
    row("dormancy.exempted",    "备用机，不计长期无交易：{label}",            "Spare device, exempt from inactivity rules: {label}"),

    row("stage.began",                      "起始阶段：{to}",                "First stage: {to}"),
    row("stage.changed",                    "阶段：{from} → {to}",           "Stage: {from} → {to}"),
    row("merchant.stage_changed",           "商户阶段：{from} → {to}",       "Merchant: {from} → {to}"),
    row("terminal.stage_changed",           "终端阶段：{from} → {to}",       "Terminal: {from} → {to}"),
    row("registration.stage_changed",       "入网登记阶段：{from} → {to}",   "Registration: {from} → {to}"),
    row("device.stage_changed",             "机具阶段：{from} → {to}",       "Device: {from} → {to}"),
    row("contract.stage_changed",           "受理协议阶段：{from} → {to}",   "Contract: {from} → {to}"),
    row("settlement_account.stage_changed", "结算账户阶段：{from} → {to}",   "Settlement account: {from} → {to}"),
    row("agent.stage_changed",              "代理商阶段：{from} → {to}",     "Agent: {from} → {to}"),
    row("shop.stage_changed",               "门店阶段：{from} → {to}",       "Shop: {from} → {to}"),

    row("user.created",         "新建账号：{label}[（{role}）]",              "Account created: {label}[ ({role})]"),
    row("user.logged_in",       "{label} 登录",                              "{label} logged in"),
    row("user.locked",          "{label} 连续登录失败，锁定至 {until_at}",    "{label} locked until {until_at} after failed logins"),
    row("user.disabled",        "账号停用：{label}",                          "Account closed: {label}"),
    row("user.password_changed","{label} 修改了密码",                         "{label} changed the password"),
    row("user.sessions_ended",  "{label} 结束了登录",                        "{label} ended a session"),
    row("api_key.created",      "新建接口密钥[：{name}]",                     "API key created[: {name}]"),
    row("api_key.disabled",     "接口密钥停用[：{name}]",                     "API key disabled[: {name}]"),

    row("catalog.loaded",       "规则目录载入[：版本 {version}]",             "Catalogue loaded[: version {version}]"),
    row("clock.advanced",       "测试时钟拨到 {now_at}",                      "Test clock set to {now_at}"),
];

/// The sentence of a kind.
pub fn sentence(kind: &str) -> Option<&'static Sentence> {
    SENTENCES.iter().find(|sentence| sentence.kind == kind)
}
