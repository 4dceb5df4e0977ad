#include "handover/carrier.h"

#include "json/document.h"

#include <charconv>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::handover {

namespace {

std::unexpected<Undelivered> lost(std::string why, bool too_large = false) {
    return std::unexpected(Undelivered{std::move(why), too_large});
}

std::string_view content_type(Format) { return "application/json"; }

std::string head_of(const Destination& to, std::size_t body_bytes) {
    const bool by_proxy = to.origin.proxy && !to.origin.tls; // absolute form, for the company's proxy
    std::string head = "POST ";
    if (by_proxy) head += "http://" + to.origin.authority;
    head += to.path + " HTTP/1.1\r\nHost: " + to.origin.authority + "\r\nContent-Type: ";
    head += content_type(to.format);
    head += "\r\nAccept: application/json\r\nUser-Agent: sallyport/" + std::string(program_version);
    head += "\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n";
    const auto add_secret = [&](std::string_view begin, const Secret& secret) {
        if (secret.empty()) return;
        head += begin;
        head += secret.reveal();
        head += "\r\n";
    };
    if (!to.credential_header.empty())
        add_secret(to.credential_header + ": ", to.credential);
    else
        add_secret(to.format == Format::hec ? "Authorization: Splunk " : "Authorization: Bearer ", to.credential);
    if (by_proxy) add_secret("Proxy-Authorization: ", to.origin.proxy_authorization);
    return head + "\r\n";
}

// A number, or one in a text as 64-bit numbers are in OTLP's JSON.
std::optional<std::uint64_t> number_in(const json::Document& document, json::NodeIndex node) {
    std::string scratch;
    const std::string_view text =
        document[node].kind == json::Kind::string ? document.text(node, scratch) : document.raw_value(node);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

} // namespace

void Batch::clear() {
    text_.clear();
    measures_.clear();
    events_ = 0;
}

void Batch::add(const Destination& destination, const Event& event) {
    if (destination.format == Format::otlp_metrics) {
        measures_.add(event);
    } else if (destination.transport == Transport::syslog) {
        scratch_.clear();
        append(destination.format, event, scratch_);
        append_syslog_frame(event, scratch_, text_);
    } else {
        const bool lines = destination.transport == Transport::file;
        if (!lines && events_ > 0 && destination.format != Format::hec) text_ += ',';
        if (lines && destination.format == Format::otlp) {
            scratch_.clear();
            append(destination.format, event, scratch_);
            append_traces(event.origin, scratch_, text_); // a line is a whole message of its own
        } else {
            append(destination.format, event, text_);
        }
        if (lines) text_ += '\n';
    }
    ++events_;
}

std::string Batch::body(const Destination& destination, std::string_view origin) const {
    std::string out;
    if (destination.format == Format::otlp_metrics) {
        measures_.append(origin, out);
        if (destination.transport == Transport::file) out += '\n';
        return out;
    }
    if (destination.transport != Transport::http || destination.format == Format::hec) return text_;
    if (destination.format == Format::ocsf) return "[" + text_ + "]";
    append_traces(origin, text_, out);
    return out;
}

Delivery read_acknowledgement(Format format, std::string_view answer) {
    const bool otlp = format == Format::otlp || format == Format::otlp_metrics;
    if (format != Format::hec && !otlp) return Delivered{};
    const Buffer raw(answer);
    json::Document document;
    const bool object =
        !answer.empty() && document.parse(raw.view()) && document[document.root()].kind == json::Kind::object;
    if (otlp) {
        // An empty answer is full success (OTLP 1.x, "Full Success"); a collector that rejected some says how many.
        if (!object) return Delivered{};
        const auto partial = document.find_once(document.root(), "partialSuccess");
        if (!partial || *partial == json::no_node || document[*partial].kind != json::Kind::object) return Delivered{};
        const auto count =
            document.find_once(*partial, format == Format::otlp ? "rejectedSpans" : "rejectedDataPoints");
        if (!count || *count == json::no_node) return Delivered{};
        return Delivered{number_in(document, *count).value_or(0)};
    }
    if (!object) return lost("its answer is no JSON object, so it is not known whether it took the events");
    const auto code = document.find_once(document.root(), "code");
    const auto number = code && *code != json::no_node ? number_in(document, *code) : std::nullopt;
    if (!number) return lost("its answer has no code, so it is not known whether it took the events");
    if (*number != 0) return lost("it answered with code " + std::to_string(*number) + ", not 0");
    return Delivered{};
}

Delivery append_to_file(const std::filesystem::path& path, std::string_view lines) {
    const auto failed = [&](const char* doing) {
        return lost(fail_errno(std::string("cannot ") + doing + " " + path.string()).error().message);
    };
    const int file = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
    if (file < 0) return failed("open");
    struct Close {
        int file;
        ~Close() { ::close(file); }
    };
    const Close close{file};
    struct stat status{};
    if (::fstat(file, &status) != 0) return failed("look at");
    if (!S_ISREG(status.st_mode)) return lost(path.string() + " is no plain file");
    char last = '\n';
    if (status.st_size > 0 && ::pread(file, &last, 1, status.st_size - 1) != 1) return failed("read");
    std::string ended;
    if (last != '\n') {
        ended = "\n" + std::string(lines);
        lines = ended;
    }
    while (!lines.empty()) {
        const ssize_t count = ::write(file, lines.data(), lines.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("write");
        lines.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fdatasync(file) != 0) return failed("sync");
    return Delivered{};
}

net::Task<Delivery> Carrier::post(const Destination& to, const std::string& body, bool fresh, bool* again) {
    const std::int64_t deadline_ms = loop_.now_ms() + to.timeout_ms;
    const auto broken = [&](const Error& error) {
        *again = error.retry == Retry::fresh_connection; // a kept connection had died meanwhile
        return lost(error.message);
    };
    std::string head = head_of(to, body.size());
    auto taken = co_await pool_.take(to.pool_id, to.origin, fresh, std::min(to.timeout_ms, limits::connect_ms_max));
    if (!taken) co_return broken(taken.error());
    std::unique_ptr<http::ClientConnection> connection = std::move(*taken);
    iovec pieces[] = {{head.data(), head.size()}, {const_cast<char*>(body.data()), body.size()}};
    const Result<void> sent = co_await connection->send(pieces, deadline_ms - loop_.now_ms());
    if (!sent) co_return broken(sent.error());
    http::ResponseHead answer;
    const Result<void> answered = co_await connection->read_head(answer, "POST", deadline_ms);
    if (!answered) co_return broken(answered.error());
    const int status = answer.status;
    Buffer text;
    while (true) {
        const auto part = co_await connection->read_part(deadline_ms - loop_.now_ms());
        if (!part) co_return lost("its answer broke off: " + part.error().message);
        for (const iovec& piece : part->pieces) text.append({static_cast<const char*>(piece.iov_base), piece.iov_len});
        if (text.size() > limits::handover_answer_bytes_max) co_return lost("its answer is too long");
        if (part->last) break;
    }
    pool_.give(to.pool_id, std::move(connection));
    if (status / 100 != 2) co_return lost("it answered with status " + std::to_string(status), status == 413);
    co_return read_acknowledgement(to.format, text.view());
}

net::Task<Delivery> Carrier::stream(const Destination& to, const std::string& body) {
    if (stream_ && !stream_->stream().idle_and_open()) stream_.reset();
    if (!stream_) {
        auto taken = co_await pool_.take(to.pool_id, to.origin, true, std::min(to.timeout_ms, limits::connect_ms_max));
        if (!taken) co_return lost(taken.error().message);
        stream_ = std::move(*taken);
    }
    net::Stream& stream = stream_->stream();
    const Result<void> sent = co_await stream.write(body, loop_.now_ms() + to.timeout_ms);
    if (!sent) {
        stream_.reset();
        co_return lost(sent.error().message);
    }
    // A receiver that ended meanwhile closes or resets within a round trip; one that says something is read and not heeded.
    const std::int64_t settled_ms = loop_.now_ms() + limits::handover_settle_ms;
    char heard[256];
    while (true) {
        const Result<std::size_t> count = co_await stream.read(heard, settled_ms);
        if (!count && count.error().kind == ErrorKind::timeout) co_return Delivered{};
        if (!count || *count == 0) {
            stream_.reset();
            co_return lost(count ? "it closed the connection behind the batch" : count.error().message);
        }
    }
}

net::Task<Delivery> Carrier::carry(const Destination& to, const std::string& body) {
    if (to.transport == Transport::file) co_return append_to_file(to.file, body);
    if (to.transport == Transport::syslog) {
        Delivery streamed = co_await stream(to, body);
        co_return streamed;
    }
    bool again = false;
    Delivery posted = co_await post(to, body, false, &again);
    if (!posted && again) posted = co_await post(to, body, true, &again);
    co_return posted;
}

} // namespace sallyport::handover
