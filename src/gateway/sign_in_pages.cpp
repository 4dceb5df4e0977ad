#include "gateway/sign_in_pages.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/text.h"
#include "gateway/form.h"
#include "gateway/issuer_call.h"
#include "gateway/sign_in_desk.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::gateway {

namespace {

// Nothing of the page comes from elsewhere, no other page may frame it, and its address, which may hold a code, is told to nobody.
constexpr std::string_view page_headers =
    "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n";
constexpr std::string_view cookie_name = "sallyport-sign-in";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\'': out += "&#39;"; break;
        default: out += c;
        }
    }
    return out;
}

std::string page(std::string_view title, std::string_view inside) {
    return fmt::format("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
                       "content=\"width=device-width\"><title>{0}</title><style>body{{font:1.1rem/1.5 sans-serif;"
                       "max-width:34rem;margin:4rem auto;padding:0 1rem}}input,button{{font:inherit;padding:.4rem "
                       ".8rem}}input{{letter-spacing:.15em;text-transform:uppercase}}</style><h1>{0}</h1>{1}\n",
                       escaped(title), inside);
}

net::Task<void> show(http::Exchange& exchange, int status, std::string_view title, std::string_view inside,
                     std::string more_headers = {}) {
    const std::string body = page(title, inside);
    std::string headers(page_headers);
    headers += "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
               "base-uri 'none'\r\n";
    headers += more_headers;
    [[maybe_unused]] const Result<void> done =
        co_await exchange.respond(status, "text/html; charset=utf-8", headers, body);
}

std::string sentence(std::string_view text) { return "<p>" + escaped(text) + "</p>"; }

// Of this browser: what it was given at the form. A name with __Host- cannot be set by another host of the domain.
std::string cookie_of(const http::RequestHead& head, bool tls) {
    const std::string name = (tls ? "__Host-" : "") + std::string(cookie_name) + "=";
    for (const http::Field& field : head.fields) {
        if (field.name != "cookie") continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::string_view one = trim(rest.substr(0, rest.find(';')));
            if (one.starts_with(name)) return std::string(one.substr(name.size()));
            const std::size_t end = rest.find(';');
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        }
    }
    return {};
}

net::Task<void> show_form(http::Exchange& exchange, int status, bool tls, std::string_view code,
                          std::string_view problem) {
    const std::string browser = to_base64url(crypto::random_bytes(24));
    const std::string inside = fmt::format(
        "{}<p>A coding client waits to be signed in. Go on only if it shows this code on your own screen: whoever "
        "sent you a link with a code would be signed in as you.</p><form method=\"post\" action=\"{}\"><input "
        "type=\"hidden\" name=\"browser\" value=\"{}\"><p><label>Code <input name=\"user_code\" value=\"{}\" "
        "autocomplete=\"off\" size=\"9\" required autofocus></label> <button>Go on</button></p></form>",
        problem.empty() ? "" : "<p><strong>" + escaped(problem) + "</strong></p>", verification_path, browser,
        escaped(code));
    const std::string cookie = fmt::format("Set-Cookie: {}{}={}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax{}\r\n",
                                           tls ? "__Host-" : "", cookie_name, browser, tls ? "; Secure" : "");
    co_await show(exchange, status, "Sign in", inside, cookie);
}

net::Task<void> take_code(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival, std::string base) {
    const std::shared_ptr<const World> world = lane.world;
    const http::RequestHead& head = exchange.head();
    const SignInConfig& sign_in = *world->config->sign_in;
    const bool tls = base.starts_with("https://");
    const std::string origin(head.fields.value("origin")), cookie = cookie_of(head, tls);
    Buffer body;
    const Result<void> read = co_await exchange.read_body(body, form_bytes_max);
    const auto form = read ? read_form(body.view()) : Result<Form>(std::unexpected(read.error()));
    if (!form) co_return co_await show_form(exchange, 400, tls, {}, "The form could not be read.");
    // Else a foreign page could send this form, and the person would sign somebody else in.
    const bool is_own_form =
        (origin.empty() || origin == base) && !cookie.empty() && crypto::equal(field(*form, "browser"), cookie);
    if (!is_own_form)
        co_return co_await show_form(exchange, 403, tls, {},
                                     "Send the code from this page itself, within ten minutes.");
    const std::string_view address = address_of(arrival);
    const auto visit = lane.shared.signing_in.grants.begin_visit(field(*form, "user_code"), cookie, address, wall_ms());
    if (!visit && lane.shared.signing_in.grants.is_barred(address, wall_ms()))
        co_return co_await show(exchange, 429, "Too many wrong codes",
                                sentence("Wait a minute, then type the code that your client shows."),
                                "Retry-After: 60\r\n");
    if (!visit)
        co_return co_await show_form(exchange, 400, tls, {},
                                     "No client waits with this code. Look at it again; after ten minutes it is void.");
    const auto known = co_await know_issuer(lane, world->issuers[sign_in.issuer]);
    if (!known || (*known)->metadata.authorization_endpoint.empty())
        co_return co_await show(exchange, 503, "The provider does not answer",
                                sentence("Sallyport cannot reach the company's sign-in. Try again in a while; the "
                                         "platform team finds the reason in the log."));
    const std::string& endpoint = (*known)->metadata.authorization_endpoint;
    const std::string target =
        fmt::format("{}{}response_type=code&client_id={}&redirect_uri={}&scope={}&state={}&nonce={}&code_challenge={}&"
                    "code_challenge_method=S256",
                    endpoint, endpoint.contains('?') ? "&" : "?", form_encoded(sign_in.client_id),
                    form_encoded(base + std::string(callback_path)), form_encoded(sign_in.scopes), visit->state,
                    visit->nonce, visit->challenge);
    co_await show(exchange, 303, "On to the provider", {}, "Location: " + target + "\r\n");
}

} // namespace

Result<identity::SignedIn> signed_in(const SignInConfig& sign_in, const identity::WebToken& token) {
    const auto no = [](std::string why) { return fail(ErrorKind::refused, std::move(why), ErrorSource::client); };
    identity::SignedIn out;
    out.name = to_lower(trim(token.text(sign_in.person_claim)));
    if (out.name.empty() || out.name.size() > 320)
        return no("The company's sign-in does not tell your name (the claim " + sign_in.person_claim + ").");
    if (std::ranges::any_of(out.name, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
        return no("The company's sign-in tells a name that cannot be read.");
    const auto verified = token.booleans.find("email_verified");
    if (sign_in.person_claim == "email" && verified != token.booleans.end() && !verified->second)
        return no("The company's sign-in has not verified your address.");
    out.max_class = sign_in.max_class;
    for (const auto& [group, team] : sign_in.teams) {
        if (!token.lists(sign_in.groups_claim, group)) continue;
        out.team = team;
        return out;
    }
    if (!sign_in.teams.empty())
        return no("You are in none of the groups that may use coding clients here; ask your platform team.");
    return out;
}

net::Task<void> answer_verification(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival) {
    const http::RequestHead& head = exchange.head();
    std::string base = base_of(*lane.world->config->sign_in, head, arrival);
    const bool tls = base.starts_with("https://");
    if (head.method == "POST") co_return co_await take_code(lane, exchange, arrival, std::move(base));
    if (head.method != "GET")
        co_return co_await show(exchange, 405, "Not so", sentence("Open this page in a browser."),
                                "Allow: GET, POST\r\n");
    const auto form = read_form(head.query);
    const std::string code = identity::plain_user_code(form ? field(*form, "user_code") : std::string_view());
    co_await show_form(exchange, 200, tls, code, {});
}

net::Task<void> answer_callback(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival) {
    const std::shared_ptr<const World> world = lane.world;
    const SignInConfig& sign_in = *world->config->sign_in;
    const http::RequestHead& head = exchange.head();
    const std::string base = base_of(sign_in, head, arrival);
    identity::DeviceGrants& grants = lane.shared.signing_in.grants;
    const auto form = read_form(head.query);
    const auto visit =
        form && head.method == "GET"
            ? grants.end_visit(field(*form, "state"), cookie_of(head, base.starts_with("https://")), wall_ms())
            : std::nullopt;
    if (!visit)
        co_return co_await show(exchange, 400, "This way is not open any more",
                                sentence("Begin anew: open the address that your client shows and type its code."));
    const std::string code(field(*form, "code"));
    if (code.empty()) {
        grants.deny(visit->user_code);
        lane.shared.log.warning("sign_in.refused", {{"why", "the provider gave no code"}});
        co_return co_await show(exchange, 403, "Not signed in",
                                sentence("The company's sign-in did not let you through. Your client says so too."));
    }
    // RFC 9207: where the provider says who it is, it has to be the one that was asked.
    const std::string_view iss = field(*form, "iss");
    const Issuer& issuer = world->issuers[sign_in.issuer];
    Result<identity::ProviderTokens> tokens = fail(ErrorKind::refused, "it is another issuer");
    if (iss.empty() || iss == issuer.config->issuer)
        tokens = co_await ask_provider(lane, issuer, sign_in,
                                       "grant_type=authorization_code&code=" + form_encoded(code) +
                                           "&redirect_uri=" + form_encoded(base + std::string(callback_path)) +
                                           "&code_verifier=" + form_encoded(visit->verifier));
    Result<identity::WebToken> token =
        tokens ? co_await verified_token(lane, issuer, tokens->id_token, sign_in.client_id, visit->nonce)
               : Result<identity::WebToken>(std::unexpected(tokens.error()));
    if (!token) {
        grants.deny(visit->user_code);
        lane.shared.log.warning("sign_in.refused", {{"why", token.error().message}});
        co_return co_await show(exchange, 502, "Not signed in",
                                sentence("What the company's sign-in answered cannot be used. The platform team finds "
                                         "the reason in Sallyport's log."));
    }
    auto who = signed_in(sign_in, *token);
    if (!who) {
        grants.deny(visit->user_code);
        lane.shared.log.warning("sign_in.refused", {{"why", "the person may not"}});
        co_return co_await show(exchange, 403, "Not signed in", sentence(who.error().message));
    }
    who->provider_token = std::move(tokens->refresh_token);
    const std::string name = who->name;
    if (!grants.approve(visit->user_code, std::move(*who), wall_ms()))
        co_return co_await show(exchange, 400, "Too late", sentence("The code is void meanwhile; sign in again."));
    co_await show(exchange, 200, "You are signed in",
                  sentence("As " + name + ". Close this page and go back to your client: it goes on by itself."));
}

} // namespace sallyport::gateway
