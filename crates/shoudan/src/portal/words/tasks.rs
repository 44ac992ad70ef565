//! Words of requests and their steps.

words! {
    TASKS_TITLE: "办理", "Requests";
    OPEN_ONES: "正在办理", "Under way";
    CLOSED_ONES: "已结束", "Closed";
    OPEN_NONE: "没有正在办理的申请", "Nothing is under way";
    OPEN_NONE_HOW: "在下面选一项，或从收款机的页面开始。", "Start one below, or from a terminal's page.";
    START: "可以申请", "What you can ask for";
    REQUEST: "申请", "Request";
    ABOUT: "对象", "About";
    YOU: "您", "you";
    TURN: "轮到", "Whose turn";
    PROMISED: "承诺时间", "Promised";
    OPENED: "提交于", "Opened";
    CLOSED: "结束于", "Closed";
    STATE_OPEN: "办理中", "Under way";
    STATE_DONE: "已完成", "Done";
    STATE_REFUSED: "未通过", "Refused";
    STATE_WITHDRAWN: "已撤回", "Withdrawn";
    TURN_YOURS: "轮到您了", "It is your turn";
    turn_theirs(who): "等待{who}办理", "Waiting for {who}";
    YOUR_TURN_DETAIL: "办完这一步，申请继续往下走。", "Once this step is done the request goes on.";
    NOT_YOURS_DETAIL: "现在不用您做什么，有结果会通知您。", "Nothing is asked of you now; you are told when there is a result.";
    DONE_DETAIL: "全部步骤已完成。", "Every step is done.";
    STEPS: "步骤", "Steps";
    HISTORY: "经过", "What happened";
    WITHDRAW: "撤回申请", "Withdraw the request";
    WITHDRAW_NOTE: "撤回后已上传的材料保留，可以重新申请。", "Documents stay with us if you withdraw; you can ask again.";
    WITHDRAWN_HERE: "商户在平台上撤回", "Withdrawn by the merchant in the portal";
    NUMBER: "申请编号", "Request number";
    VERSION: "版本", "Version";
    RETURNED_ITEMS: "需要改正的", "What to correct";

    // A step
    step_of(request): "{request}", "{request}";
    WHY_ASKED: "为什么需要", "Why this is asked";
    HOW_TO: "怎么做", "How to do it";
    AFTER: "提交之后", "What happens after";
    due(by): "请在{by}办完", "Please do it {by}";
    on_file(hint, value): "{hint}现在登记的是 {value}。", "{hint} On file now: {value}.";
    SEND: "提交", "Hand it in";
    SEND_DOCS: "都传好了，提交审核", "All uploaded: hand it in";
    still_missing(list): "还缺：{list}", "Still missing: {list}";
    SAVED: "填写的内容自动保留在这台设备上，提交后清除。", "What you type is kept on this device until you hand it in.";
    CONFIRM: "确认", "Confirm";
    CONFIRM_TICK: "我已看清上面的内容，并同意", "I have read the above and agree";
    PAY: "去支付", "Pay";
    PAY_NOTE: "支付结果由银行确认，几秒内显示在这里；没有确认之前不会重复扣款。",
        "The bank confirms the payment and the result appears here within seconds; nothing is charged twice.";
    AGREEMENT: "您要签署的协议", "The agreement you sign";
    AGREEMENT_NUMBER: "协议编号", "Agreement number";
    TERMS: "条款版本", "Version of the terms";
    AGREEMENT_CHANGED: "打开这一页之后，协议内容有了变化。请重读下面的协议，再签署。",
        "The agreement changed after you opened the page. Please read it again below, then sign.";
    SIGN: "签署", "Sign";
    SIGN_NAME: "输入您的姓名作为签名", "Type your name as signature";
    SIGN_NAME_MISSING: "请输入姓名，再签署。", "Type your name to sign.";
    CHANGED_MEANWHILE: "您打开这一页之后，这项申请有了变化。下面是最新的内容，请核对后再提交。",
        "This request changed after you opened the page. Below is how it stands now; please look again, then hand it in.";
    NO_FILE: "没有收到文件。请先拍照或选择文件，再上传。", "No file arrived. Take a picture or choose a file first.";
    SIGN_NAME_HINT: "与身份证一致。签署时间和设备会记录在案。", "As on your ID card. Time and device are kept with it.";
    DEVICE_TITLE: "在收款机上完成", "Done at the terminal";
    DEVICE_TEXT: "机器做完，这一页会自己更新，不用在这里操作。", "This page follows by itself once the machine has done it.";
    WAIT_TITLE: "现在不用您做什么", "Nothing is asked of you now";
    WAIT_TEXT: "结果出来后这一页会更新，也会发通知给您。", "This page is updated when there is a result, and you are told.";
    STEP_DONE: "这一步已经完成", "This step is done";
    STEP_SUBMITTED: "已经提交，等待审核", "Handed in; waiting for review";
    BACK_TO_REQUEST: "回到申请", "Back to the request";
    PROGRESS: "进度", "Progress";
    progress(done, all): "共 {all} 步，已完成 {done} 步", "{done} of {all} steps done";

    // Opening one
    new_title(kind): "申请：{kind}", "Ask for: {kind}";
    OPEN_IT: "开始办理", "Begin";
    CANCEL: "不办了", "Not now";
    WHAT_IT_ASKS: "会请您做的", "What it will ask";
    ALREADY_OPEN: "同样的申请正在办理，不用再提交一次。", "The same request is already under way; there is no need to ask again.";
    way_for(cause): "“{cause}”怎样办", "How to settle “{cause}”";
    WAY_FIRST: "通常的办法", "The usual way";
    WAY_OTHER: "另一种办法", "Another way";
    SEE_IT: "去看进度", "See how it stands";
}
