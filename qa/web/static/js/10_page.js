// Answers without loading the page anew: what a link or a form leads to is fetched and put in place.
// Nothing needs this: the address and the page are the same without it.

const KEPT_PAGES = 20;
const NEAR_LIMIT = 200;
const PER_PAGE = "link[rel=canonical], meta[name=robots], meta[name=description], meta[property]";

const main = document.getElementById("main");
const said = document.getElementById("said");
const keys = document.getElementById("keys-dialog");
const singleKeys = document.getElementById("single-keys");
const home = new URL(document.querySelector("header .name").href).pathname;
const kept = new Map();
let shown = location.pathname + location.search;
let waiting = null;
let recalled = null;

const box = () => main.querySelector(".composer textarea");
const isConversation = (url) => url.origin === location.origin && url.pathname === home;
const pageOf = (url) => url.pathname + url.search;
