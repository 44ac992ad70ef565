//! Words of the console.

words! {
    // Frame
    HOME: "今天", "Today";
    REVIEWS: "审核", "Reviews";
    REQUESTS: "申请", "Requests";
    STOPS: "停用", "Stops";
    MERCHANTS: "商户", "Merchants";
    CATALOG: "原因目录", "Reasons";
    AUDIT: "审计", "Audit";
    PEOPLE: "人员", "People";
    KEYS: "快捷键", "Keys";
    KEY_SEARCH: "搜索", "Search";
    KEY_ROWS: "下一行、上一行；回车打开", "Next row, row before; Enter opens";
    KEY_GO: "先按 g，再按所列字母，去这一页", "Press g, then the letter, to go to a page";
    KEY_ITEMS: "审核页：通过、退回当前一项，并去下一项", "On a review: accept or return the item at hand and go on";
    KEY_CLOSE: "关闭", "Close";
    RECENT: "最近看过", "Seen lately";
    FILTER: "筛选", "Filter";
    ALL: "全部", "All";
    SHOW: "显示", "Show";

    // Home
    greeting(name): "{name}，今天要看的", "What waits today, {name}";
    OPEN_REVIEWS: "等待审核", "Reviews waiting";
    OVERDUE: "已超过承诺时间", "Past their promise";
    DUE_TODAY: "今天到期", "Due today";
    OPEN_REQUESTS: "办理中的申请", "Requests under way";
    OUR_TURN: "轮到我的岗位", "My role's turn";
    LIVE_STOPS: "生效中的停用", "Stops in force";
    ANNOUNCED: "已预告", "Announced";
    QUEUE_FIRST: "先看这几件", "Look at these first";
    QUEUE_NONE: "没有等待审核的申请", "No review is waiting";
    QUEUE_NONE_HOW: "商户交齐材料后，申请会按承诺时间排在这里。", "A request appears here, by its promise, once the merchant has handed everything in.";
    NEWEST_STOPS: "最新的停用", "Newest stops";
    NO_STOPS: "没有停用", "No stop";
    NO_STOPS_HOW: "人工、规则或到期任务停用的，都会列在这里。", "Stops placed by people, rules or jobs are listed here.";

    // Search
    SEARCH_TITLE: "搜索", "Search";
    results(count): "{count} 条结果", "{count} results";
    nothing_for(what): "没有找到「{what}」", "Nothing found for “{what}”";
    SEARCH_HOW: "可输入商户名称或编号、终端号、序列号、六位原因码、申请编号；手机号和证件号要输完整。",
        "Enter a merchant's name or number, a terminal number, a serial, a six-character code or a request; mobile and identity numbers in full.";
    SEARCH_START: "按 / 可从任何一页开始搜索", "Press / on any page to search";
    HIT_MERCHANT: "商户", "Merchants";
    HIT_TERMINAL: "终端", "Terminals";
    HIT_DEVICE: "机具", "Devices";
    HIT_CODE: "原因码", "Explanation codes";
    HIT_PERSON: "人员", "People";
    HIT_REQUEST: "申请", "Requests";

    // A subject
    FACTS: "资料", "Facts";
    CHAIN: "依赖的各方", "What it rests on";
    CHAIN_NOTE: "任何一环停下，这里就停下。", "If one link stops, this stops.";
    AS_MERCHANT: "商户看到的", "As the merchant sees it";
    STAFF_FOLD: "员工可见：话术与出处", "Staff: script and source";
    SCRIPT: "话术", "Script";
    REASON_CODE: "原因", "Reason";
    SUBJECT: "对象", "Subject";
    RECORD: "停用记录", "Stop";
    PLACED: "停用依据", "Placed because";
    BY_STAGE: "由阶段决定，没有单独的停用记录", "It follows from a stage; there is no stop record";
    STAFF_ONLY_CAUSES: "商户看不到的原因", "Causes the merchant is not told";
    STAFF_ONLY_NOTE: "按告知规则，下列原因不对商户展示。通话时请只说商户能看到的内容。",
        "The disclosure rules keep these from the merchant. On the phone say only what the merchant can read.";
    NO_CAUSES: "没有停用原因", "No cause";
    NO_CAUSES_NOTE: "平台上没有查到阻断；机器仍不能收款时，按故障诊断处理。", "Nothing here stops it; if the machine still fails, diagnose it as a fault.";
    OPEN_REQUEST: "正在办理的申请", "Request under way";
    SEE_REQUEST: "打开申请", "Open the request";
    PLACE_A_STOP: "停用…", "Stop…";
    TERMINALS: "终端", "Terminals";
    NO_TERMINALS: "还没有终端", "No terminal yet";
    HISTORY: "经过", "History";
    HISTORY_NONE: "这个范围内没有记录", "Nothing in this range";
    HISTORY_KIND: "哪一类", "Which kind";
    EV_STOPS: "停用与恢复", "Stops and restorations";
    EV_REQUESTS: "申请与审核", "Requests and reviews";
    EV_DEVICE: "机具与登记", "Device and registration";
    EV_STAGES: "阶段变化", "Changes of stage";
    AS_OF: "截至", "As of";
    AS_OF_HINT: "看那一刻的状态和原因", "State and causes at that moment";
    as_of(when): "这是 {when} 的情况，不是现在的。", "This is how things stood {when}, not how they stand now.";
    BACK_TO_NOW: "回到现在", "Back to now";
    LOOK_THEN: "看这一刻的情况", "See how things stood then";
    MERCHANT: "商户", "Merchant";
    MERCHANT_NUMBER: "商户编号", "Merchant number";
    KIND: "类型", "Kind";
    CATEGORY: "经营类别", "Category";
    PLACE: "所在地", "Place";
    STAGE: "阶段", "Stage";
    AGENT: "代理商", "Agent";
    RISK: "风险等级", "Risk";
    RISK_LOW: "低", "Low";
    RISK_NORMAL: "一般", "Normal";
    RISK_MEDIUM: "中", "Medium";
    RISK_HIGH: "高", "High";
    CONTRACT: "协议", "Contract";
    ACCOUNT: "结算账户", "Settlement account";
    ACTIVATED: "入网于", "Active since";
    TERMINAL: "终端", "Terminal";
    TERMINAL_NUMBER: "终端号", "Terminal number";
    SERIAL: "序列号", "Serial number";
    MODEL: "型号", "Model";
    SHOP: "门店", "Shop";
    SOFTWARE: "软件", "Software";
    BATCH: "批次", "Batch";
    SIGNED_IN: "签到", "Sign-in";
    NOT_SIGNED_IN: "未签到", "Not signed in";
    LAST_SALE: "最近收款", "Last sale";
    NEVER: "还没有", "Never";
    SPARE: "备用机，不计休眠", "Spare; exempt from dormancy";
    CODE_TO_SAY: "电话里报的原因码", "Code to say on the phone";
    OPENED: "开通于", "Opened";
    NAME: "名称", "Name";
    NUMBER: "编号", "Number";
    CITY: "城市", "City";
    STATE: "状态", "State";
    MERCHANTS_NONE: "没有符合条件的商户", "No merchant matches";
    MERCHANTS_NONE_HOW: "换个说法，或用上面的搜索按编号、序列号查找。", "Try other words, or use the search above with a number or serial.";
    FIND_MERCHANT: "名称、编号或城市", "Name, number or city";

    // Kinds of subject
    K_PLATFORM: "平台", "Platform";
    K_NETWORK: "转接网络", "Network";
    K_REGION: "地区", "Region";
    K_AGENT: "代理商", "Agent";
    K_MERCHANT: "商户", "Merchant";
    K_CONTRACT: "协议", "Contract";
    K_ACCOUNT: "结算账户", "Settlement account";
    K_SHOP: "门店", "Shop";
    K_TERMINAL: "终端", "Terminal";
    K_REGISTRATION: "入网登记", "Registration";
    K_DEVICE: "机具", "Device";
    K_MODEL: "机型", "Model";
    K_REQUEST: "申请", "Request";
    K_REVIEW: "审核", "Review";
    K_USER: "人员", "Person";
    BALANCES: "账户余额", "Balances";
}
