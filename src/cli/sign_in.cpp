// sallyport sign-in, sallyport sign-out: at the company's gateway, by the device flow (RFC 8628).
#include "endpoint/sign_in.h"

#include "base/clock.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "json/document.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace sallyport::cli {

namespace {

struct SignInOptions {
    std::string gateway;
    bool json = false;
};

constexpr std::size_t answer_bytes_max = 64 * 1024;
constexpr std::int64_t answer_ms = 30'000, interval_s_max = 60;
constexpr std::string_view form_fields =
    "Content-Type: application/x-www-form-urlencoded\r\nAccept: application/json\r\n";

std::filesystem::path file_of_person() {
    const char* const home = std::getenv("HOME");
    return endpoint::sign_in_file(home == nullptr ? "" : home);
}

struct Device {
    std::string device_code, user_code, page, whole_page;
    std::int64_t interval_s = 5, lasts_s = 600;
};

Result<Device> read_device(const std::string& body) {
    const Buffer raw(body);
    json::Document document;
    std::string scratch;
    if (!document.parse(raw.view())) return fail(ErrorKind::invalid, "the gateway's answer cannot be read");
    const auto text = [&](std::string_view name) {
        const auto node = document.find(document.root(), name);
        return node == json::no_node ? std::string() : std::string(document.text(node, scratch));
    };
    const auto number = [&](std::string_view name, std::int64_t otherwise) {
        const std::string told = text(name);
        const std::int64_t value = std::strtoll(told.c_str(), nullptr, 10);
        return value > 0 ? value : otherwise;
    };
    Device out{text("device_code"),      text("user_code"),
               text("verification_uri"), text("verification_uri_complete"),
               number("interval", 5),    number("expires_in", 600)};
    out.interval_s = std::min(out.interval_s, interval_s_max);
    if (out.device_code.empty() || out.user_code.empty() || out.page.empty())
        return fail(ErrorKind::invalid, "the gateway's answer holds no code");
    return out;
}

std::string encoded(std::string_view text) {
    std::string out;
    for (const char c : text) out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    return out;
}

// Asks until the person has signed in in the browser, or cannot any more.
Result<void> wait_for(const http::Origin& origin, const std::string& base, const Device& device,
                      endpoint::SignIn& into) {
    const std::string form =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=" + encoded(device.device_code);
    std::int64_t interval_s = device.interval_s;
    const std::int64_t deadline = monotonic_ms() + device.lasts_s * 1000;
    while (monotonic_ms() < deadline) {
        std::this_thread::sleep_for(std::chrono::seconds(interval_s));
        const auto answer =
            call(origin, "POST", base + "/oauth/token", std::string(form_fields), form, answer_bytes_max, answer_ms);
        if (!answer) return std::unexpected(answer.error());
        const bool waits = answer->status == 400 && answer->body.contains("\"authorization_pending\"");
        const bool is_slowed = answer->status == 400 && answer->body.contains("\"slow_down\"");
        if (is_slowed) interval_s = std::min(interval_s + 5, interval_s_max);
        if (waits || is_slowed) continue;
        return endpoint::take_tokens(answer->status, answer->body, wall_ms(), into);
    }
    return fail(ErrorKind::timeout, "the code is void meanwhile; try again");
}

int sign_in(const SignInOptions& options) {
    if (options.gateway.empty())
        return complain("no gateway is named: say --gateway https://…, or set SALLYPORT_GATEWAY");
    std::string base;
    const auto origin = origin_of(options.gateway, base);
    if (!origin) return complain(origin.error());
    const auto answer = call(*origin, "POST", base + "/oauth/device_authorization", std::string(form_fields),
                             "client_id=sallyport", answer_bytes_max, answer_ms);
    if (!answer) return complain(answer.error());
    if (answer->status == 404)
        return complain("nobody signs in at " + options.gateway + ": its sallyport.yaml has no sign_in");
    if (answer->status != 200)
        return complain(
            fmt::format("{} answered with status {}; try again in a while", options.gateway, answer->status));
    const auto device = read_device(answer->body);
    if (!device) return complain(device.error());
    fmt::print(stderr, "Open {} in a browser, and go on only if it shows this code: {}\n",
               printable(device->whole_page.empty() ? device->page : device->whole_page), printable(device->user_code));
    endpoint::SignIn kept;
    kept.gateway = options.gateway;
    if (auto came = wait_for(*origin, base, *device, kept); !came) {
        complain(came.error());
        return came.error().kind == ErrorKind::refused ? refused : not_possible;
    }
    if (auto written = endpoint::write_sign_in(file_of_person(), kept); !written) return complain(written.error());
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("gateway", kept.gateway);
        writer.member("person", kept.person);
        writer.member("file", file_of_person().string());
        writer.end_object();
        fmt::print("{}\n", out);
    } else {
        fmt::print("You are signed in at {} as {}. sallyport run needs no company key now.\n", kept.gateway,
                   printable(kept.person));
    }
    return done;
}

int sign_out(const SignInOptions& options) {
    const auto file = file_of_person();
    const auto kept = endpoint::read_sign_in(file);
    if (!kept) return complain(kept.error());
    std::string untold;
    if (*kept) {
        std::string base;
        const auto origin = origin_of((*kept)->gateway, base);
        std::string form = "token=";
        form += (*kept)->refresh.reveal();
        const auto answer = origin ? call(*origin, "POST", base + "/oauth/revoke", std::string(form_fields), form,
                                          answer_bytes_max, answer_ms)
                                   : Result<CalledAnswer>(std::unexpected(origin.error()));
        if (!answer) untold = answer.error().message;
        std::error_code error;
        std::filesystem::remove(file, error);
        if (error) return complain("cannot remove " + file.string() + ": " + error.message());
    }
    if (options.json)
        fmt::print("{{\"was_signed_in\":{},\"gateway_told\":{}}}\n", kept->has_value(),
                   kept->has_value() && untold.empty());
    else
        fmt::print("{}\n", *kept ? "You are signed out." : "Nobody was signed in.");
    if (untold.empty()) return done;
    return complain("the gateway could not be told, so the sign-in ends there by itself only: " + untold);
}

} // namespace

void add_sign_in(Command& app, int& exit_code) {
    static SignInOptions options;
    Command in = app.command("sign-in", "Sign in at the company's gateway, in place of a company key");
    in.option("--gateway", options.gateway, "The company's gateway, https://…").environment("SALLYPORT_GATEWAY");
    in.flag("--json", options.json, "Print an object");
    in.footer(
        "The sign-in is kept in ~/.config/sallyport/sign-in.json, which only you can read.\n\nExample:\n  sallyport "
        "sign-in --gateway https://gateway.acme.example\n");
    in.run([&exit_code] { exit_code = sign_in(options); });
    Command out = app.command("sign-out", "End this machine's sign-in");
    out.flag("--json", options.json, "Print an object");
    out.footer("Example:\n  sallyport sign-out\n");
    out.run([&exit_code] { exit_code = sign_out(options); });
}

} // namespace sallyport::cli
