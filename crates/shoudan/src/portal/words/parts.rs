//! Words of the components.

words! {
    // The states
    WORKS: "正常", "Works";
    WAITING: "等待", "Waiting";
    SOON: "即将停用", "Stops soon";
    LIMITED: "受限", "Limited";
    STOPPED: "停用", "Stopped";
    ENDED: "终止", "Ended";

    // Round the page
    SKIP: "跳到正文", "Skip to content";
    NAV: "主要页面", "Main pages";
    PLACE_HOME: "首页", "Home";
    PLACE_TERMINALS: "收款机", "Terminals";
    PLACE_MONEY: "资金", "Money";
    PLACE_TASKS: "办理", "Requests";
    PLACE_ME: "我的", "Me";
    SIGN_IN: "登录", "Sign in";
    SIGN_OUT: "退出", "Sign out";
    SEARCH_LABEL: "查找商户、终端、序列号、原因码、姓名、申请", "Find a merchant, terminal, serial number, code, person or request";
    SEARCH_ANYTHING: "终端、商户、原因码、姓名…", "Merchant, terminal, code, name …";
    THEME_SYSTEM: "配色跟随系统，点按改为深色", "Colours follow the system; press for dark";
    THEME_DARK: "配色为深色，点按改为浅色", "Dark colours; press for light";
    THEME_LIGHT: "配色为浅色，点按改为跟随系统", "Light colours; press to follow the system";
    WHERE_SIGNED_IN: "登录记录", "Where I am signed in";
    HOTLINE: "客服热线", "Hotline";
    licence(number): "支付业务许可证 {number}", "Payment licence {number}";
    DEMO: "演示环境：商户、终端和交易都是虚构的，可以随意操作。",
        "Demonstration: merchants, terminals and transactions are invented. Try anything.";

    // What works
    DOES_NOT_WORK: "现在不能用", "Does not work now";
    STILL_WORKS: "仍然能用", "Still works";
    ALL_WORKS: "可以使用", "What you can use";
    more(count): "还有 {count} 项", "{count} more";
    and_more(list, count): "{list}等，另有 {count} 项", "{list} and {count} more";
    COMMA: "、", ", ";

    // Causes
    SINCE: "开始于", "Since";
    ENDS_BY_ITSELF: "自行结束于", "Ends by itself";
    BLOCKS: "因此不能", "Stops";
    NEXT_STEP_BY: "下一步期限", "Next step due";
    GROUND: "依据", "Ground";
    ALSO_EXPLAINS: "同时引起", "Also explains";
    SYMPTOM_ONE: "1 项连带现象，会一起解除", "one further symptom, lifted together with it";
    symptoms(count): "{count} 项连带现象，会一起解除", "{count} further symptoms, lifted together with it";
    TOLD_CATEGORY: "按规定，这里只能说明类别。登录后或凭原因码致电，可以了解您能做什么。",
        "The rules allow us to name only the category here. Signed in, or by phone with this code, you learn what you can do.";
    TOLD_SEALED: "依法不能说明更多。处理机关和渠道以送达的文书为准。",
        "The law forbids saying more. The document served on the merchant names the authority and the channel.";
    FINAL: "这一原因不能解除，因此这里不要求您补充任何材料。仍可登录、查看对账单、答复争议。",
        "This cause cannot be lifted, so nothing further is asked of you. Signing in, statements and disputes stay open.";
    FINAL_APPEAL: "这一原因不能自行解除，因此不要求补充材料。如认为有误，可以申诉，由另一位审核人员处理。",
        "This cause is final, so no papers are asked for. If you think it is mistaken you can appeal; a different reviewer decides.";
    OTHER_WAY: "另一种办法", "Another way";
    STAFF: "仅员工可见", "Staff only";
    will_stop(what): "届时停用：{what}", "Will stop: {what}";
    PREVENT: "怎样避免：", "What prevents it:";
    THEN: "，然后", ", then ";

    // Steps
    STEP_DONE: "已完成", "Done";
    STEP_NOW: "现在", "Now";
    STEP_RETURNED: "需要改正", "To correct";
    STEP_SUBMITTED: "已提交", "Handed in";
    STEP_LATER: "之后", "Later";
    YOUR_TURN: "由您办理", "Your turn";
    turn(who): "由{who}办理", "{who}";
    ASSUMED: "（节假日安排公布前的估计）", "(estimate until the holidays are published)";
    REMARK: "审核意见：", "Reviewer:";
    DO_IT_NOW: "现在办理", "Do it now";
    STEP_MORE: "怎么做，之后会怎样", "How, and what happens after";
    HOW: "怎么做：", "How:";
    AFTERWARDS: "之后：", "Afterwards:";

    // Forms
    OPTIONAL: "（可不填）", "(optional)";
    errors(count): "有 {count} 处需要改正，已填内容都保留着", "{count} to correct; everything you typed is kept";
    EXAMPLE: "这样拍就可以", "A good one";
    TAKE_PICTURE: "拍照", "Take a picture";
    CHOOSE_FILE: "选择文件", "Choose a file";
    REPLACE_FILE: "重新拍照", "Take it again";
    UPLOAD: "上传", "Upload";
    DOC_SUPPLIED: "已上传", "Uploaded";
    DOC_ACCEPTED: "已通过", "Accepted";
    DOC_RETURNED: "需重拍", "Take again";

    // Lists
    PAGES: "翻页", "Pages";
    NEWEST: "回到最新", "Newest";
    OLDER: "更早的", "Older";
}
