#include "cli/page.h"

#include "cli/terminal.h"

namespace sallyport::cli {

namespace {
// Colours with enough contrast on white and on dark; the strip says by length which lines, by depth how often.
constexpr std::string_view style = R"css(
:root { color-scheme: light dark; --line: #8884; --ink: light-dark(#1b1f24, #e6e8eb); --dim: light-dark(#59636e, #9aa4af); --bar: light-dark(#eceff2, #23282e); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: light-dark(#fff, #15181c); }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .25rem; }
p, .dim { color: var(--dim); margin: 0; }
.totals { display: flex; flex-wrap: wrap; gap: 2rem; margin: 1.25rem 0; padding: 0; list-style: none; }
.totals b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
details { border-left: 1px solid var(--line); padding-left: .9rem; margin-left: .3rem; }
details.repo { border: 0; margin: 0; padding: 0; } summary { cursor: pointer; padding: .15rem 0; }
.file { padding: .35rem 0 .5rem .9rem; margin-left: .3rem; border-left: 1px solid var(--line); }
.name { font-family: ui-monospace, monospace; font-size: .9rem; overflow-wrap: anywhere; }
.strip { position: relative; height: .7rem; margin: .25rem 0; background: var(--bar); border-radius: 2px; overflow: hidden; }
.strip i { position: absolute; top: 0; bottom: 0; min-width: 2px; }
table { border-collapse: collapse; font-size: .85rem; width: 100%; } td, th { text-align: left; padding: .1rem .9rem .1rem 0; vertical-align: top; font-weight: 400; }
th { color: var(--dim); } .n { font-variant-numeric: tabular-nums; white-space: nowrap; }
.tag { border: 1px solid var(--line); border-radius: 3px; padding: 0 .35em; font-size: .8rem; }
@media (max-width: 40rem) { td, th { display: inline-block; } }
)css";
} // namespace

std::string begin_page(std::string_view title) {
    const std::string text = markup(title);
    return "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
           "content=\"width=device-width\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
           "style-src 'unsafe-inline'\"><title>" +
           text + "</title><style>" + std::string(style) + "</style><h1>" + text + "</h1>";
}

} // namespace sallyport::cli
