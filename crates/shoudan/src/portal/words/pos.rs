//! Words of the virtual POS.

words! {
    TITLE: "虚拟 POS", "Virtual POS";
}
