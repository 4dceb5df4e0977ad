#include "endpoint/sign_in.h"

#include "base/clock.h"
#include "base/file.h"
#include "json/document.h"
#include "json/writer.h"

#include <charconv>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace {

namespace fs = std::filesystem;
using json::Document;

constexpr std::size_t file_bytes_max = 64 * 1024;
constexpr std::int64_t renewed_before_ms = 300'000, lock_look_ms = 50, lock_ms_max = 10'000;

std::string text_of(const Document& document, std::string_view name) {
    const json::NodeIndex node = document.find(document.root(), name);
    std::string scratch;
    if (node == json::no_node || document[node].kind != json::Kind::string) return {};
    return std::string(document.text(node, scratch));
}
std::int64_t number_of(const Document& document, std::string_view name) {
    const json::NodeIndex node = document.find(document.root(), name);
    std::int64_t value = 0;
    if (node == json::no_node || document[node].kind != json::Kind::number) return 0;
    const std::string_view raw = document.raw_value(node);
    std::from_chars(raw.data(), raw.data() + raw.size(), value);
    return value;
}

// Held as long as it lives: whoever renews the sign-in.
class Lock {
public:
    explicit Lock(const fs::path& file)
        : descriptor_(::open((file.native() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
    ~Lock() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    bool taken() { return descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0; }

private:
    int descriptor_;
};

void use(const SignIn& sign_in, GatewayAccess& access) {
    access.key = sign_in.access;
    access.until_ms = sign_in.until_ms;
}

std::unexpected<Error> signed_out() {
    return fail(ErrorKind::refused, "nobody is signed in at the gateway; sign in with: sallyport sign-in");
}

} // namespace

fs::path sign_in_file(const fs::path& home) { return home / ".config/sallyport/sign-in.json"; }

Result<std::optional<SignIn>> read_sign_in(const fs::path& file) {
    struct stat about{};
    if (::lstat(file.c_str(), &about) != 0) return std::optional<SignIn>();
    if (!S_ISREG(about.st_mode) || (about.st_mode & 077) != 0 || about.st_uid != ::geteuid())
        return fail(ErrorKind::refused, file.string() + " is not yours alone; it must be a plain file of mode 600");
    const auto text = read_file(file, file_bytes_max);
    if (!text) return std::unexpected(text.error());
    const Buffer raw(*text);
    Document document;
    if (!document.parse(raw.view()) || document[document.root()].kind != json::Kind::object)
        return fail(ErrorKind::invalid, file.string() + " cannot be read; sign in again with: sallyport sign-in");
    SignIn out;
    out.gateway = text_of(document, "gateway");
    out.access = Secret(text_of(document, "access_token"));
    out.refresh = Secret(text_of(document, "refresh_token"));
    out.until_ms = number_of(document, "until_ms");
    out.person = text_of(document, "person");
    return std::optional(std::move(out));
}

Result<void> write_sign_in(const fs::path& file, const SignIn& sign_in) {
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    writer.member("access_token", sign_in.access.reveal());
    writer.member("gateway", sign_in.gateway);
    writer.member("person", sign_in.person);
    writer.member("refresh_token", sign_in.refresh.reveal());
    writer.member("until_ms", sign_in.until_ms);
    writer.end_object();
    return replace_file(file, text + "\n", 0600);
}

Result<void> take_tokens(int status, std::string_view json, std::int64_t now_ms, SignIn& into) {
    const Buffer raw(json);
    Document document;
    const bool is_read = document.parse(raw.view()) && document[document.root()].kind == json::Kind::object;
    if (status != 200 || !is_read) {
        const std::string error = is_read ? text_of(document, "error") : std::string();
        std::string why = is_read ? text_of(document, "error_description") : std::string();
        if (why.empty()) why = "the gateway answered with status " + std::to_string(status);
        const bool is_over = error == "invalid_grant" || error == "access_denied" || error == "expired_token";
        return fail(is_over ? ErrorKind::refused : ErrorKind::unavailable, why);
    }
    const std::string access = text_of(document, "access_token"), refresh = text_of(document, "refresh_token");
    if (access.empty()) return fail(ErrorKind::unavailable, "the gateway's answer holds no token");
    into.access = Secret(access);
    if (!refresh.empty()) into.refresh = Secret(refresh);
    into.until_ms = now_ms + number_of(document, "expires_in") * 1000;
    if (const std::string person = text_of(document, "email"); !person.empty()) into.person = person;
    return {};
}

net::Task<Result<void>> keep_signed_in(net::Loop& loop, http::Pool& pool, GatewayAccess& access) {
    if (access.sign_in.empty() || access.until_ms - wall_ms() > renewed_before_ms) co_return Result<void>();
    Lock lock(access.sign_in);
    const std::int64_t deadline = loop.now_ms() + lock_ms_max;
    while (!lock.taken()) {
        if (loop.now_ms() > deadline)
            co_return fail(ErrorKind::unavailable,
                           access.sign_in.string() + " is being renewed by another process for long");
        co_await net::Sleep(loop, lock_look_ms);
    }
    auto kept = read_sign_in(access.sign_in);
    if (!kept) co_return std::unexpected(kept.error());
    if (!*kept) co_return signed_out();
    SignIn& sign_in = **kept;
    if (sign_in.until_ms - wall_ms() <= renewed_before_ms) { // nobody else did it meanwhile
        std::string form = "grant_type=refresh_token&refresh_token=";
        form += sign_in.refresh.reveal(); // of letters and digits
        auto answer = co_await post_to_gateway(loop, pool, {access.origin, {}}, "/oauth/token", std::move(form),
                                               "Accept: application/json\r\n", "application/x-www-form-urlencoded");
        if (!answer) co_return std::unexpected(answer.error());
        auto taken = take_tokens(answer->status, answer->body.view(), wall_ms(), sign_in);
        if (taken) taken = write_sign_in(access.sign_in, sign_in);
        if (!taken) co_return taken;
    }
    use(sign_in, access);
    co_return Result<void>();
}

Result<void> keep_signed_in_apart(GatewayAccess& access) {
    auto kept = read_sign_in(access.sign_in);
    if (!kept) return std::unexpected(kept.error());
    if (!*kept) return signed_out();
    use(**kept, access);
    if (access.until_ms - wall_ms() > renewed_before_ms) return {};
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail(ErrorKind::io, "no pipe can be made");
    const pid_t child = ::fork();
    if (child < 0) return fail(ErrorKind::io, "no process can be made");
    if (child == 0) {
        Result<void> done;
        {
            net::Loop loop;
            net::Resolver resolver;
            http::BufferPool buffers;
            http::Pool pool(loop, resolver, buffers);
            const auto renew = [&]() -> net::Task<void> {
                done = co_await keep_signed_in(loop, pool, access);
                loop.stop();
            };
            loop.spawn(renew());
            loop.run();
        }
        const std::string why =
            done ? std::string() : (done.error().kind == ErrorKind::refused ? "R" : "F") + done.error().message;
        [[maybe_unused]] const ssize_t told = ::write(ends[1], why.data(), std::min<std::size_t>(why.size(), 2'000));
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string why(2'001, '\0');
    std::size_t used = 0;
    for (ssize_t count = 0; (count = ::read(ends[0], why.data() + used, why.size() - used)) > 0;)
        used += static_cast<std::size_t>(count);
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    why.resize(used);
    if (!why.empty())
        return fail(why.front() == 'R' ? ErrorKind::refused : ErrorKind::unavailable,
                    "the sign-in at the gateway could not be renewed: " + why.substr(1));
    kept = read_sign_in(access.sign_in);
    if (!kept) return std::unexpected(kept.error());
    if (!*kept) return signed_out();
    use(**kept, access);
    return {};
}

} // namespace sallyport::endpoint
