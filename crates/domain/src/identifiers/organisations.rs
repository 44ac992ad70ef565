//! Identifiers of organisations and bank branches. Public register data, so they print and serialise.

use super::{
    IdentifierError, IdentifierWarning, Letters, check_characters, check_digits, check_length, digits, normal, part,
    province,
};
use crate::ids::text_forms;
use crate::names::Text;

/// The alphabet of GB 32100; a character's value is its place.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Registering department and category of organisations, by how the code begins.
const REGISTRARS: [(&str, &str, &str); 11] = [
    ("11", "机关", "government organ"),
    ("12", "事业单位", "public institution"),
    (
        "13",
        "编办直接管理的群众团体",
        "mass organisation managed by the establishment office",
    ),
    ("19", "编办登记的其他机构", "other body of the establishment office"),
    ("51", "社会团体", "association"),
    ("52", "民办非企业单位", "private non-enterprise unit"),
    ("53", "基金会", "foundation"),
    ("91", "企业", "enterprise"),
    ("92", "个体工商户", "sole trader"),
    ("93", "农民专业合作社", "farmers' cooperative"),
    ("Y", "其他", "other"),
];

/// A unified social credit code 统一社会信用代码 (GB 32100-2015): 18 characters on every licence.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnifiedCode(String);

impl UnifiedCode {
    /// Reads a code. Small letters, full-width characters and spaces around it are made right; the length, the characters
    /// and the check character (modulus 31) must fit.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let code = normal(text);
        check_length(&code, 18, 18)?;
        check_characters(&code, Letters::UnifiedCode, |c| ALPHABET.contains(c))?;
        let expected = unified_check(&code);
        if code.ends_with(expected) {
            Ok(Self(code))
        } else {
            Err(IdentifierError::CheckDigit {
                expected: Some(expected),
            })
        }
    }

    /// Its 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The area of registration, six characters as in GB/T 2260.
    pub fn area(&self) -> &str {
        part(&self.0, 2..8)
    }

    /// The subject code 主体标识码: nine characters, the former organisation code.
    pub fn subject(&self) -> &str {
        part(&self.0, 8..17)
    }

    /// What kind of organisation the first two characters say it is.
    pub fn kind(&self) -> Option<Text> {
        REGISTRARS
            .iter()
            .find(|(code, ..)| self.0.starts_with(code))
            .map(|(_, zh, en)| Text::new(*zh, *en))
    }

    /// Whether it is a sole trader 个体工商户.
    pub fn is_sole_trader(&self) -> bool {
        self.0.starts_with("92")
    }

    /// What a reviewer should look at.
    pub fn warnings(&self) -> Vec<IdentifierWarning> {
        let mut warnings = Vec::new();
        if self.kind().is_none() {
            warnings.push(IdentifierWarning::UnknownRegistrar);
        }
        // Bodies registered by the state itself carry 100000, which is no province.
        if self.area() != "100000" && super::check_area_code(self.area()).is_err() {
            warnings.push(IdentifierWarning::UnknownArea);
        }
        let placeholder = self.subject().chars().all(|c| c == '0');
        if placeholder {
            warnings.push(IdentifierWarning::Placeholder);
        } else if !self.subject().ends_with(subject_check(self.subject())) {
            warnings.push(IdentifierWarning::InnerCheck);
        }
        warnings
    }

    /// The province of registration; `None` where the state registered it or the area is unknown.
    pub fn province(&self) -> Option<Text> {
        province(self.area())
    }
}

impl std::fmt::Display for UnifiedCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

text_forms!(UnifiedCode, IdentifierError);

/// The check character of the first 17: values weighted by powers of 3, modulo 31.
fn unified_check(code: &str) -> char {
    let mut weight = 1;
    let mut sum = 0;
    for character in code.chars().take(17) {
        let value = ALPHABET.find(character).unwrap_or(0);
        sum = (sum + value * weight) % 31;
        weight = weight * 3 % 31;
    }
    ALPHABET.chars().nth((31 - sum) % 31).unwrap_or('0')
}

/// The check character of the first eight of a subject code (GB 11714).
fn subject_check(subject: &str) -> char {
    let weights = [3, 7, 9, 10, 5, 8, 4, 2];
    let values = subject.chars().map(|c| c.to_digit(36).unwrap_or(0));
    let sum: u32 = values.zip(weights).map(|(value, weight)| value * weight).sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        check => char::from_digit(check, 10).unwrap_or('0'),
    }
}

/// Bank codes, the first three digits of a branch number. Head offices of nationwide banks and the kinds of local ones;
/// others exist, so an unknown code is only a warning.
const BANKS: [(&str, &str, &str); 27] = [
    ("102", "中国工商银行", "ICBC"),
    ("103", "中国农业银行", "Agricultural Bank of China"),
    ("104", "中国银行", "Bank of China"),
    ("105", "中国建设银行", "China Construction Bank"),
    ("201", "国家开发银行", "China Development Bank"),
    ("202", "中国进出口银行", "Export-Import Bank of China"),
    ("203", "中国农业发展银行", "Agricultural Development Bank of China"),
    ("301", "交通银行", "Bank of Communications"),
    ("302", "中信银行", "China CITIC Bank"),
    ("303", "中国光大银行", "China Everbright Bank"),
    ("304", "华夏银行", "Hua Xia Bank"),
    ("305", "中国民生银行", "China Minsheng Bank"),
    ("306", "广发银行", "China Guangfa Bank"),
    ("307", "平安银行", "Ping An Bank"),
    ("308", "招商银行", "China Merchants Bank"),
    ("309", "兴业银行", "Industrial Bank"),
    ("310", "上海浦东发展银行", "Shanghai Pudong Development Bank"),
    ("313", "城市商业银行", "a city commercial bank"),
    ("314", "农村商业银行", "a rural commercial bank"),
    ("315", "恒丰银行", "Evergrowing Bank"),
    ("316", "浙商银行", "China Zheshang Bank"),
    ("317", "农村合作银行", "a rural cooperative bank"),
    ("318", "渤海银行", "China Bohai Bank"),
    ("319", "徽商银行", "Huishang Bank"),
    ("320", "村镇银行", "a village bank"),
    ("402", "农村信用社", "a rural credit cooperative"),
    ("403", "中国邮政储蓄银行", "Postal Savings Bank of China"),
];

/// A bank branch's number 联行号: bank 3, city 4, branch 4 and check 1 digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankBranch(String);

impl BankBranch {
    /// Reads a branch number: twelve digits. A check digit that does not fit is only a warning, because a few true
    /// numbers have one.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let number = normal(text);
        check_length(&number, 12, 12)?;
        check_digits(&number)?;
        if number.chars().all(|c| c == '0') {
            return Err(IdentifierError::Placeholder);
        }
        Ok(Self(number))
    }

    /// Its twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bank, or the kind of local bank, if it is in the table.
    pub fn bank(&self) -> Option<Text> {
        let code = part(&self.0, 0..3);
        BANKS
            .iter()
            .find(|(bank, ..)| *bank == code)
            .map(|(_, zh, en)| Text::new(*zh, *en))
    }

    /// The financial city code, four digits.
    pub fn city(&self) -> &str {
        part(&self.0, 3..7)
    }

    /// What a reviewer should look at.
    pub fn warnings(&self) -> Vec<IdentifierWarning> {
        let mut warnings = Vec::new();
        if self.bank().is_none() {
            warnings.push(IdentifierWarning::UnknownBank);
        }
        let expected = branch_check(&self.0);
        if !self.0.ends_with(expected) {
            warnings.push(IdentifierWarning::CheckDigit { expected });
        }
        warnings
    }
}

impl std::fmt::Display for BankBranch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

text_forms!(BankBranch, IdentifierError);

/// ISO 7064 MOD 11,10 over the first eleven digits.
fn branch_check(number: &str) -> char {
    let mut product = 10;
    for digit in digits(number).take(11) {
        let sum = match (product + digit) % 10 {
            0 => 10,
            sum => sum,
        };
        product = sum * 2 % 11;
    }
    char::from_digit((11 - product) % 10, 10).unwrap_or('0')
}
