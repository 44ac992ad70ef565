//! Words of limits.

words! {
    TITLE: "限额", "Limits";
    ALL: "全部限额", "All limits";
    OF_MERCHANT: "这家商户的限额，各终端另有设置的除外。", "The limits of this merchant, but for terminals that have their own.";
    OF_TERMINAL: "这台终端的限额。终端没有单独设置的，按商户的。", "The limits at this terminal. What it has not of its own, it has from its merchant.";
    PER_TRANSACTION: "单笔", "one payment";
    PER_DAY: "每天", "a day";
    PER_MONTH: "每月", "a month";
    NAME: "限额", "Limit";
    OVER: "范围", "Over";
    MOST: "现行", "In force";
    standard(most): "统一标准 {most}", "standard {most}";
    USED: "已用", "Used";
    OWN: "单独设置", "Own limit";
    OF_THIS_TERMINAL: "仅此终端", "this terminal only";
    WHOLE_MERCHANT: "整家商户", "the whole merchant";
    FIXED: "规定固定，不能调整", "fixed by regulation";
    UNLIMITED: "不限", "none";
    count(count): "{count} 笔", "{count} payments";
    set_by(who, when): "{who}，{when}", "{who}, {when}";
    CHANGE: "调整一项限额", "Change a limit";
    CHANGE_NOTE: "下一笔交易起生效，写入审计记录。", "Holds from the next payment on and goes into the audit log.";
    WHICH: "哪一项", "Which limit";
    CHOOSE: "请选择", "Choose";
    NEW_MOST: "新限额", "New limit";
    NEW_MOST_HINT: "金额以元计，如 50000.00；按笔数的写整数。不填则取消单独设置，恢复统一标准。",
        "In yuan, such as 50000.00; payments as a whole number. Empty: its own limit is taken away and the standard holds again.";
    WHY: "依据", "Why";
    WHY_HINT: "写明事实和出处，例如工单号、商户的经营证明。只有员工能看到。", "Facts and their source, such as a case number or proof of business. Staff only.";
    SET: "保存", "Save";
    NOT_A_NUMBER: "金额要写成 50000.00 这样，笔数写整数。", "Write an amount like 50000.00, payments as a whole number.";
    NOT_CHOSEN: "请选择一项限额。", "Choose a limit.";
}
