//! Who is in the demonstration: cities, agents, models, merchants.

/// A city: province, area code, financial code as in branch numbers, name, district, streets.
pub struct City {
    pub province: &'static str,
    pub area: &'static str,
    pub code: &'static str,
    pub name: &'static str,
    pub district: &'static str,
    pub streets: [&'static str; 2],
}

const fn city(
    province: &'static str,
    area: &'static str,
    code: &'static str,
    name: &'static str,
    district: &'static str,
    streets: [&'static str; 2],
) -> City {
    City {
        province,
        area,
        code,
        name,
        district,
        streets,
    }
}

#[rustfmt::skip]
pub const CITIES: [City; 8] = [
    city("44", "440305", "5840", "深圳", "南山区", ["南山大道", "桃园路"]),
    city("44", "440106", "5810", "广州", "天河区", ["龙口西路", "体育东路"]),
    city("31", "310115", "2900", "上海", "浦东新区", ["浦东南路", "张杨路"]),
    city("33", "330106", "3310", "杭州", "西湖区", ["文三路", "古墩路"]),
    city("51", "510107", "6510", "成都", "武侯区", ["科华北路", "武侯大道"]),
    city("32", "320106", "3010", "南京", "鼓楼区", ["中山北路", "湖南路"]),
    city("42", "420106", "5210", "武汉", "武昌区", ["中南路", "珞喻路"]),
    city("46", "460105", "6410", "海口", "秀英区", ["秀英大道", "海秀路"]),
];

/// Agents: number, name, province. The last one's cooperation has ended.
pub const AGENTS: [(&str, &str, &str); 3] = [
    ("AG-4401", "岭南商服科技有限公司", "44"),
    ("AG-3301", "钱塘支付服务有限公司", "33"),
    ("AG-5101", "蜀汇通网络科技有限公司", "51"),
];

/// Models: code, Chinese and English name, form, vendor and device type of their serial numbers.
pub const MODELS: [(&str, &str, &str, &str, &str); 6] = [
    ("SD-P90", "智能触屏终端 P90", "Smart terminal P90", "smart", "00005704"),
    (
        "SD-S50",
        "台式终端 S50",
        "Countertop terminal S50",
        "traditional",
        "00005702",
    ),
    ("SD-M30", "移动终端 M30", "Mobile terminal M30", "mobile", "00008102"),
    (
        "SD-E20",
        "电签终端 E20",
        "E-signature terminal E20",
        "signature",
        "00008103",
    ),
    (
        "SD-S10",
        "台式终端 S10",
        "Countertop terminal S10",
        "traditional",
        "00005702",
    ),
    ("SD-X1", "早期终端 X1", "Early terminal X1", "traditional", "00001202"),
];

/// The models on which a stop of the whole model rests.
pub const OLD_MODELS: [(usize, &str); 2] = [(4, "device.certification_expired"), (5, "device.model_noncompliant")];

/// A merchant: kind, city, name, short name, category, the principal's name, and the reason it is under (empty: none).
pub struct Trade {
    pub kind: &'static str,
    pub city: usize,
    pub name: &'static str,
    pub short: &'static str,
    pub mcc: &'static str,
    pub principal: &'static str,
    pub reason: &'static str,
}

const fn trade(
    kind: &'static str,
    city: usize,
    name: &'static str,
    short: &'static str,
    mcc: &'static str,
    principal: &'static str,
    reason: &'static str,
) -> Trade {
    Trade {
        kind,
        city,
        name,
        short,
        mcc,
        principal,
        reason,
    }
}

const E: &str = "enterprise";
const S: &str = "sole_trader";
const M: &str = "micro";

/// Every merchant. The first ones are well; then those that sell with something held back; then one per reason of a
/// merchant, contract or region that stops a sale.
#[rustfmt::skip]
pub const TRADES: [Trade; 50] = [
    trade(S, 0, "深圳市南山区阿明牛肉面馆",       "阿明牛肉面",   "5812", "陈小明", ""),
    trade(E, 0, "深圳市益康堂大药房有限公司",     "益康堂大药房", "5912", "林慧敏", ""),
    trade(S, 0, "深圳市南山区鲜果时光水果店",     "鲜果时光",     "5499", "黄志强", ""),
    trade(E, 1, "广州市荔湾茶餐厅有限公司",       "荔湾茶餐厅",   "5812", "梁伟杰", ""),
    trade(S, 1, "广州市天河区顺达五金店",         "顺达五金",     "5251", "何国栋", ""),
    trade(E, 2, "上海浦江书苑文化有限公司",       "浦江书苑",     "5942", "周文静", ""),
    trade(S, 2, "上海市浦东新区小杨生煎馆",       "小杨生煎",     "5814", "杨建国", ""),
    trade(E, 3, "杭州西溪花坊园艺有限公司",       "西溪花坊",     "5992", "沈雨桐", ""),
    trade(S, 3, "杭州市西湖区老墙门面店",         "老墙门面店",   "5812", "吴阿根", ""),
    trade(E, 4, "成都锦里火锅餐饮管理有限公司",   "锦里火锅",     "5812", "罗大勇", ""),
    trade(S, 5, "南京市鼓楼区鸭血粉丝店",         "鼓楼鸭血粉丝", "5814", "孙秀英", ""),
    trade(S, 6, "武汉市江汉区刘桂芳热干面馆",     "刘记热干面",   "5814", "刘桂芳", ""),
    trade(S, 0, "深圳市南山区郑海燕鲜花店",       "海燕鲜花",     "5992", "郑海燕", ""),
    trade(S, 1, "广州市天河区冯小军修鞋店",       "小军修鞋",     "7299", "冯小军", ""),

    trade(S, 4, "成都市武侯区蜀香麻辣烫店",       "蜀香麻辣烫",   "5814", "唐丽华", "agent.ended"),
    trade(E, 2, "上海申远办公用品有限公司",       "申远办公",     "5943", "徐立新", "settlement.account_missing"),
    trade(E, 3, "杭州云栖电器有限公司",           "云栖电器",     "5722", "钱伟民", "settlement.account_invalid"),
    trade(S, 5, "南京市鼓楼区金陵理发店",         "金陵理发",     "7230", "马俊",   "settlement.change_in_review"),
    trade(S, 6, "武汉市武昌区江城洗衣店",         "江城洗衣",     "7210", "胡晓红", "settlement.change_cooling"),
    trade(E, 1, "广州花城母婴用品有限公司",       "花城母婴",     "5641", "谢婉仪", "settlement.payout_returned"),
    trade(E, 0, "深圳市海岸健身服务有限公司",     "海岸健身",     "7997", "曾凯",   "settlement.reserve_held"),
    trade(S, 2, "上海市浦东新区弄堂咖啡馆",       "弄堂咖啡",     "5812", "陆一鸣", "settlement.negative_balance"),
    trade(E, 4, "成都青羊茶业有限公司",           "青羊茶业",     "5499", "邓春梅", "merchant.owner_information_missing"),
    trade(S, 3, "杭州市西湖区湖畔民宿",           "湖畔民宿",     "7011", "方子安", "merchant.recheck_due"),
    trade(E, 5, "南京秦淮灯彩工艺品有限公司",     "秦淮灯彩",     "5970", "高明远", "merchant.transaction_evidence_due"),
    trade(S, 6, "武汉市武昌区东湖渔具店",         "东湖渔具",     "5941", "彭志刚", "merchant.dispute_open"),

    trade(S, 0, "深圳市南山区潮汕牛肉丸店",       "潮汕牛肉丸",   "5812", "蔡楚生", "merchant.application_incomplete"),
    trade(E, 1, "广州珠江眼镜有限公司",           "珠江眼镜",     "5999", "邝美琪", "merchant.application_in_review"),
    trade(S, 2, "上海市浦东新区永丰烟酒店",       "永丰烟酒",     "5921", "朱永丰", "merchant.application_rejected"),
    trade(S, 3, "杭州市西湖区青藤茶馆",           "青藤茶馆",     "5813", "叶青",   "merchant.data_mismatch"),
    trade(E, 4, "成都天府汽车服务有限公司",       "天府汽服",     "7538", "曹建军", "merchant.licence_expired"),
    trade(S, 5, "南京市鼓楼区梧桐花店",           "梧桐花店",     "5992", "苏婷",   "merchant.representative_id_expired"),
    trade(S, 6, "武汉市武昌区夏日冰品店",         "夏日冰品",     "5451", "丁浩然", "merchant.paused_by_owner"),
    trade(E, 0, "深圳市前海数码有限公司",         "前海数码",     "5732", "江涛",   "merchant.closing"),
    trade(S, 1, "广州市天河区老友记酒吧",         "老友记",       "5813", "莫俊豪", "merchant.closed"),
    trade(S, 2, "上海市浦东新区星光手机维修店",   "星光手机",     "4812", "顾磊",   "merchant.risk_review"),
    trade(E, 3, "杭州南宋珠宝有限公司",           "南宋珠宝",     "5944", "俞晓峰", "merchant.violation_confirmed"),
    trade(M, 4, "赖素珍卤味摊",                   "赖记卤味",     "5499", "赖素珍", "merchant.limit_reached"),
    trade(S, 5, "南京市鼓楼区紫金建材经营部",     "紫金建材",     "5211", "汪海波", "merchant.inspection_failed"),
    trade(E, 6, "武汉光谷教育咨询有限公司",       "光谷教育",     "8299", "夏志远", "merchant.legal_order"),
    trade(E, 1, "广州云山物业服务有限公司",       "云山物业",     "6513", "潘国华", "merchant.compliance_abnormal"),
    trade(S, 0, "深圳市南山区金沙棋牌室",         "金沙棋牌",     "7999", "温志雄", "merchant.blacklisted"),
    trade(E, 2, "上海虹口面包工坊有限公司",       "虹口面包工坊", "5462", "施佳怡", "contract.unsigned"),
    trade(S, 3, "杭州市西湖区南山路琴行",         "南山路琴行",   "5999", "章怀谦", "contract.expired"),
    trade(E, 4, "成都浣花酒店管理有限公司",       "浣花酒店",     "7011", "袁梦",   "contract.terms_changed"),
    trade(S, 5, "南京市鼓楼区清凉山宠物店",       "清凉山宠物",   "5995", "薛丽",   "contract.fees_overdue"),
    trade(S, 6, "武汉市武昌区昙华林摄影工作室",   "昙华林摄影",   "7221", "龚雪",   "contract.terminated_by_us"),
    trade(S, 7, "海口市秀英区椰风海鲜酒家",       "椰风海鲜",     "5812", "符史明", "region.out_of_licence"),
    trade(M, 2, "严招娣裁缝铺",                   "招娣裁缝",     "7299", "严招娣", ""),
    trade(M, 5, "韩老三豆腐坊",                   "韩家豆腐",     "5499", "韩老三", ""),
];

/// Reasons of one terminal, its registration, device or shop that stop a sale: each has a terminal of a merchant that is
/// well.
#[rustfmt::skip]
pub const OF_TERMINALS: [&str; 27] = [
    "device.not_in_estate", "device.not_issued", "device.not_activated", "device.activation_code_expired",
    "device.keys_invalid", "device.parameters_outdated", "device.software_below_minimum",
    "device.certification_expired", "device.model_noncompliant", "device.fault.card_reader", "device.fault.ped",
    "device.fault.storage", "device.tampered", "device.reported_lost", "device.deactivated_by_owner",
    "device.replaced", "merchant.dormant_recheck", "device.dormant_stopped", "merchant.dormant_stopped",
    "registration.not_filed", "registration.pending_ack", "registration.rejected", "registration.withdrawn",
    "registration.binding_conflict", "registration.location_drift", "registration.element_changed", "shop.closed",
];

/// Reasons of a device that stop nothing by themselves.
pub const HARMLESS: [&str; 6] = [
    "connectivity.silent",
    "connectivity.unstable",
    "connectivity.sim_suspended",
    "device.fault.power",
    "device.fault.printer",
    "device.fault.environment",
];
