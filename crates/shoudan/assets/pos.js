// The virtual POS without leaving the page; it works without this file.
"use strict";
