//! Words of the console's work: reviews, requests, stops, audit, catalogue, people.

words! {
    // Reviews
    QUEUE_TITLE: "待审核", "Review queue";
    QUEUE_NOTE: "按承诺时间排列，最早到期的在前。", "By promised time, the earliest first.";
    PROMISED: "承诺时间", "Promised";
    WHAT: "事项", "What";
    APPROVALS: "已同意", "Approved";
    of(done, all): "{done} / {all}", "{done} / {all}";
    ROLE: "审核岗位", "Decided by";
    WAITING_SINCE: "进入队列", "Since";
    YOU_MAY: "可由您审核", "Yours to decide";
    OVERDUE: "超期", "overdue";
    ANY_ROLE: "全部岗位", "Every role";
    MINE_ONLY: "只看我能审核的", "Only what I may decide";
    EVIDENCE: "材料", "Documents";
    DATA: "填写的资料", "What was filled in";
    NO_EVIDENCE: "这次审核没有随附材料", "No documents come with this review";
    NO_DATA: "这次审核没有填写项", "Nothing was filled in for this review";
    ACCEPT: "通过", "Accept";
    RETURN: "退回", "Return";
    WHY_RETURNED: "退回原因：写给商户看", "Why, as the merchant will read it";
    CODED: "常用说法", "Usual wording";
    OPEN_FILE: "打开原件", "Open the original";
    NOT_SUPPLIED: "没有上传", "Not uploaded";
    FILE_PDF: "PDF 文件", "PDF file";
    ACCEPT_ALL: "全部通过", "Accept all";
    CONSEQUENCES: "同意之后会发生", "What happens when it is approved";
    NO_CONSEQUENCES: "只改变申请的状态，不影响收款。", "Only the request moves on; taking payments is not affected.";
    one_more(count): "还需要另外 {count} 人同意才会生效。", "It takes effect once {count} more people approve.";
    SO_FAR: "已有的审核意见", "Decisions so far";
    SAW_THE_SAME: "第二位审核人看到的材料与第一位相同。", "The second reviewer sees exactly what the first saw.";
    DECISION: "审核结论", "Decision";
    REMARK: "意见", "Remark";
    REMARK_HINT: "退回或拒绝时，商户会看到这段话。", "Shown to the merchant when returned or refused.";
    APPROVE: "同意", "Approve";
    SEND_BACK: "退回改正", "Send back";
    REFUSE: "拒绝", "Refuse";
    APPROVED: "同意", "approved";
    SENT_BACK: "退回", "sent back";
    REFUSED: "拒绝", "refused";
    OPEN: "待审核", "Open";
    CANNOT_DECIDE: "您不能审核这一件", "You cannot decide this one";
    THE_REQUEST: "申请经过", "The request";
    ON_RECORD: "现登记", "On record";
    BECOMES: "改为", "Becomes";
    AS_ON_RECORD: "与现登记相同", "as on record";
    COMPARE: "对照", "Compare";
    GIVEN: "填写", "Given";

    // Usual wordings of a return
    R_BLURRED: "照片模糊或反光，文字看不清，请重新拍摄。", "The picture is blurred or glares; the text cannot be read. Please take it again.";
    R_CORNERS: "四角不全，请把整页拍进画面。", "Not all corners are in view; please photograph the whole page.";
    R_EXPIRED: "证件已过有效期，请上传有效的证件。", "The document has expired; please upload a valid one.";
    R_DIFFERS: "与证件上的内容不一致，请照证件填写。", "It differs from the document; please enter it as printed.";
    R_WRONG: "不是这里要的材料，请按说明上传。", "This is not the document asked for; please see the description.";

    // Stops
    STOPS_TITLE: "停用", "Stops";
    LIVE_ONLY: "只看未解除的", "Only those not lifted";
    WITH_LIFTED: "包括已解除的", "With lifted ones";
    REASON: "原因", "Reason";
    STARTS: "开始", "Starts";
    ENDS: "结束", "Ends";
    PLACED_BY: "由谁停用", "Placed by";
    PLACED_WHY: "停用依据", "Why";
    LIFTED_AT: "解除于", "Lifted";
    LIFTED_WHY: "解除依据", "Lifted because";
    ST_ANNOUNCED: "已预告", "Announced";
    ST_IN_FORCE: "生效中", "In force";
    ST_ENDED: "已到期", "Ended";
    ST_LIFTED: "已解除", "Lifted";
    NEW_STOP: "停用一个对象", "Place a stop";
    NEW_STOP_NOTE: "先看影响，再确认。依据会写进审计记录。", "First see what it does, then confirm. The reason goes into the audit log.";
    ON_WHAT: "停用谁", "Whom it stops";
    SUBJECT_KIND: "原因所指的对象", "What the reason rests on";
    SUBJECT_ID: "编号", "Number";
    SUBJECT_HINT: "终端号或序列号（也代表它的商户、门店、协议、登记和机具）、商户编号、地区代码或机型；平台和网络填 -。",
        "A terminal number or serial (also for its merchant, shop, contract, registration and device), a merchant number, a region code or a model; for platform and network enter -.";
    WHICH_REASON: "什么原因", "Which reason";
    FIND_REASON: "按名称或代码筛选", "Filter by name or code";
    NO_REASON_HERE: "您的岗位不能人工使用这类对象的任何原因。", "Your role may place no reason of this kind by hand.";
    FROM_WHEN: "从什么时候起", "From when";
    NOW: "立即", "At once";
    LATER: "预告，到这个时间生效", "Announced, in force from";
    START_AT: "开始时间", "Start";
    END_AT: "自动结束时间", "Ends by itself";
    END_HINT: "不填则一直有效，直到恢复步骤完成。", "Empty: it lasts until its steps are done.";
    WHY: "依据", "Why";
    WHY_HINT: "写明事实和出处，例如工单号、文书号。只有员工能看到。", "Facts and their source, such as a case or document number. Staff only.";
    PREVIEW: "先看影响", "See what it does";
    CONFIRM_STOP: "确认停用", "Confirm the stop";
    EDIT: "修改", "Change";
    WHO_AFFECTED: "影响谁", "Who is affected";
    affected(merchants, terminals): "{merchants} 家商户，{terminals} 台终端", "{merchants} merchants, {terminals} terminals";
    EXAMPLES: "例如", "Such as";
    WHAT_STOPS: "停下的", "What stops";
    WHAT_WORKS: "照常的", "What still works";
    THEY_READ: "商户会读到", "What the merchant will read";
    WAY_BACK: "怎样恢复", "How it comes back";
    NO_WAY_BACK: "这一原因没有恢复方式，只能申诉。", "This reason has no way back but an appeal.";
    alone(count): "解除需要 {count} 人同意", "Lifting takes {count} people";
    LIFT: "解除停用", "Lift the stop";
    LIFT_WHY: "解除依据", "Why it is lifted";
    LIFT_HINT: "写明核实了什么。停用人本人不能解除。", "Say what was verified. Whoever placed a stop does not lift it.";
    LIFT_PLACER: "这是您停用的。请另一位同事核实后解除。", "You placed it. A colleague verifies it and lifts it.";
    LIFT_TWO: "这一停用要两个人同意才能解除：打开恢复申请，由审核解除。", "Two people must agree to lift this: open a restoration request; its review lifts it.";
    LIFT_PLAN: "这一停用不能人工解除，完成恢复步骤后自动解除。", "This stop is not lifted by hand; it ends when its steps are done.";
    LIFT_ROLE: "您的岗位不能解除这一停用。可以解除的岗位：", "Your role may not lift this stop. Roles that may: ";
    STOP_LIFTED: "这一停用已经解除。", "This stop has been lifted.";
    DETAILS: "记录", "Record";

    // Requests
    REQUESTS_TITLE: "申请", "Requests";
    WHOSE_TURN: "轮到", "Whose turn";
    OUR_TURN: "轮到我的岗位", "My role's turn";
    ANYONE: "全部", "Anyone";
    OPEN_ONES: "办理中", "Under way";
    CLOSED_ONES: "已结束", "Closed";
    OPENED: "提交于", "Opened";
    REQUESTS_NONE: "没有符合条件的申请", "No request matches";
    REQUESTS_NONE_HOW: "商户、代理商或客服提交的申请会出现在这里。", "Requests opened by merchants, agents or the desk appear here.";
    STEPS: "步骤", "Steps";
    YOUR_STEP: "由您办理的一步", "The step that is yours";
    DO_STEP: "办理", "Do it";
    STEP_EVIDENCE: "办理凭据", "Evidence";
    STEP_EVIDENCE_HINT: "写明做了什么、单号或核对结果；会进入审计记录。", "What was done, with its number or what was compared; goes into the audit log.";
    STEP_DONE: "记为已办理", "Mark as done";
    SEE_REVIEW: "打开审核", "Open the review";
    CLOSED_WHY: "结束原因", "Closed because";
    NUMBER: "申请编号", "Request number";

    // Audit
    AUDIT_TITLE: "审计记录", "Audit log";
    AUDIT_NONE: "没有符合条件的记录", "No entry matches";
    AUDIT_NONE_HOW: "每一次改动都会在这里留下一条。", "Every change leaves an entry here.";
    ACTOR: "操作人", "Actor";
    COMMAND: "操作", "Command";
    SUBJECT_OF: "对象编号", "Subject id";
    MERCHANT_OF: "商户编号", "Merchant id";
    BEFORE: "之前的摘要", "Digest before";
    AFTER: "之后的摘要", "Digest after";
    HASH: "链上的散列", "Hash in the chain";
    UNSEALED: "待封存", "not sealed yet";
    ENTRY: "记录编号", "Entry";
    GROUND: "依据", "Reason";
    CHECK_CHAIN: "检查整条链", "Check the chain";
    chain_fine(links): "链完整：{links} 条记录逐条核对，都没有改动。", "The chain is whole: {links} links walked, none altered.";
    chain_broken(count): "链上有 {count} 处不符。请停止改动并报告安全负责人。", "{count} links do not fit. Stop changes and tell whoever is responsible for security.";
    chain_unsealed(count): "另有 {count} 条刚写入，尚未封存。", "{count} more are new and not sealed yet.";
    CHAIN_HEAD: "链首散列", "Head of the chain";

    // Catalogue
    CATALOG_TITLE: "原因目录", "Catalogue of reasons";
    CATALOG_NOTE: "同一行既决定停用什么，也决定各处怎么说。", "One row decides both what stops and what is said everywhere.";
    reasons(count): "{count} 个原因", "{count} reasons";
    STANDING: "称作", "Called";
    ANSWER: "应答码", "F39";
    FINAL: "终局", "Final";
    TEXTS: "各方读到的", "What each one reads";
    FOR_PUBLIC: "公众", "The public";
    FOR_MERCHANT: "商户", "The merchant";
    FOR_AGENT: "代理商", "The agent";
    FOR_DESK: "客服话术", "The desk's script";
    ON_SLIP: "凭条", "On the slip";
    ON_SCREEN: "屏幕", "On the screen";
    way(number): "恢复方式 {number}", "Way out {number}";
    FIRST_PROPOSED: "（首选）", " (proposed first)";
    DOCUMENTS: "材料", "Documents";
    FIELDS: "填写", "Fields";
    WITHIN: "时限", "Within";
    working_days(days): "{days} 个工作日", "{days} working days";
    minutes(count): "{count} 分钟", "{count} minutes";
    UNTIL_END: "到停用自动结束", "until the stop ends by itself";
    LAW: "依据", "Ground";
    DISCLOSURE: "可以告知", "May be told";
    D_FULL: "全部", "Everything";
    D_CATEGORY: "只说类别", "The category only";
    D_SEALED: "依法不得说明", "Nothing, by law";
    MAY_PLACE: "谁可停用", "Who may place it";
    MAY_LIFT: "谁可解除", "Who may lift it";
    PLAN_ONLY: "只随恢复步骤解除", "Only its plan";
    APPEAL: "可申诉", "Appeal";
    YES: "可以", "Yes";
    NO: "不可以", "No";
    NOTICE: "提前告知", "Notice";
    days(count): "{count} 天", "{count} days";
    EXPLAINS: "它会引起", "It explains";
    BLOCKS: "停下的功能", "What it stops";
    BLOCKS_NOTHING: "不停任何功能，只提示", "Nothing; it only informs";
    OTHER_LANGUAGE: "另一种语言", "The other language";
    SYSTEM: "系统", "system";

    // Devices
    DEVICE_UNBOUND: "这台机具没有绑定终端", "This device serves no terminal";
    DEVICE_UNBOUND_NOTE: "在库、在途或已退回的机具不绑定终端；发给商户并激活后会出现在终端页。",
        "A device in stock, on its way or returned serves none; once issued and activated it is shown with its terminal.";

    // People
    PEOPLE_TITLE: "人员", "People";
    PEOPLE_NOTE: "只读。新增和停用账号要由管理员在命令行办理。", "To read only. Accounts are added and closed by an administrator on the command line.";
    LOGIN: "登录名", "Login";
    PERSON: "姓名", "Name";
    THEIR_ROLE: "岗位", "Role";
    SECOND_FACTOR: "登录验证码", "Sign-in code";
    ON: "已启用", "On";
    OFF: "未启用", "Off";
    CLOSED: "已停用", "Closed";
    ACTIVE: "可登录", "Active";
    KEYS_TITLE: "程序的密钥", "Keys of programs";
    KEYS_NOTE: "每把密钥由一个人负责；密钥本身只在生成时显示一次。停用立即生效，不能恢复。",
        "A person answers for each key; the key itself is shown once, when it is made. Switching one off takes effect at once and for good.";
    KEYS_NONE: "还没有密钥。管理员在命令行生成。", "There are none yet. An administrator makes them on the command line.";
    KEY_FOR: "用途", "For";
    KEY_ANSWERED_FOR: "负责人", "Answered for by";
    KEY_MADE: "生成于", "Made";
    KEY_OFF: "停用", "Switch off";
}
