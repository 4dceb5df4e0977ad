#include "egress/receipts.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "identity/credential.h"
#include "json/writer.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace sallyport::egress {

namespace {

constexpr std::size_t summary_hosts_max = 8;
constexpr std::string_view others = "(other hosts)";

void begin_line(json::Writer& writer, std::string_view event, std::uint64_t number) {
    writer.begin_object();
    writer.member("time", rfc3339(wall_ms()));
    writer.member("event", event);
    if (number != 0) writer.member("contact", number);
}

void write_contact(json::Writer& writer, const Contact& contact) {
    writer.member("how", name(contact.how));
    if (!contact.caller.empty()) writer.member("caller", contact.caller);
    // An address is about a person; where the caller is known it says nothing more that is needed.
    if (contact.caller.empty() && !contact.peer.empty()) writer.member("peer", contact.peer);
    writer.member("host", contact.host);
    if (contact.port != 0) writer.member("port", unsigned{contact.port});
    writer.member("decision", contact.allowed ? "allow" : "refuse");
    writer.member("rule", contact.rule);
    writer.member("reason", contact.reason);
}

std::string end_of(std::string& line, json::Writer& writer) {
    writer.end_object();
    line += '\n';
    return std::move(line);
}

} // namespace

std::string_view name(How how) {
    static constexpr std::array<std::string_view, 6> names = {"unreadable",  "connect", "absolute",
                                                              "intercepted", "dns",     "direct"};
    return names[static_cast<std::size_t>(how)];
}

std::string path_shown(std::string_view path) {
    std::string shown;
    path = path.substr(0, limits::receipt_path_bytes_max);
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view part = path.substr(at, end - at);
        // "bot123:…", "key=…" and the like stand with something before them; what is behind counts alone.
        const std::size_t mark = part.find_last_of(":=");
        const std::string_view behind = mark == std::string_view::npos ? part : part.substr(mark + 1);
        const bool is_credential = identity::classify_credential(part) != identity::CredentialKind::unknown ||
                                   identity::classify_credential(behind) != identity::CredentialKind::unknown;
        if (is_credential)
            shown += "(credential)";
        else
            shown += part;
        if (end < path.size()) shown += '/';
        at = end + 1;
    }
    return shown;
}

Result<std::unique_ptr<Receipts>> Receipts::open(const std::filesystem::path& file, const Secret& key) {
    int descriptor = -1;
    if (!file.empty()) {
        descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (descriptor < 0) return fail_errno("cannot write the receipts to " + file.string());
    }
    std::unique_ptr<Receipts> receipts(new Receipts(descriptor, key));
    struct stat about{};
    // A line that a crash or a full disk cut short is ended, so that only it is unreadable.
    if (descriptor >= 0 && ::fstat(descriptor, &about) == 0 && about.st_size > 0) {
        char last = '\n';
        const int reader = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (reader >= 0) {
            if (::pread(reader, &last, 1, about.st_size - 1) != 1) last = '\0';
            ::close(reader);
        }
        receipts->torn_ = last != '\n';
    }
    return receipts;
}

Receipts::~Receipts() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

// The caller holds the mutex.
Result<void> Receipts::write(std::string line) {
    if (descriptor_ < 0) return {};
    if (torn_) line.insert(line.begin(), '\n');
    ssize_t count = 0;
    do count = ::write(descriptor_, line.data(), line.size());
    while (count < 0 && errno == EINTR);
    if (count == static_cast<ssize_t>(line.size())) {
        torn_ = false;
        return {};
    }
    torn_ = torn_ || count > 0;
    ++lost_lines_;
    problem_ = "a receipt could not be written: " +
               (count < 0 ? std::generic_category().message(errno) : std::string("the disk is full"));
    return fail(ErrorKind::io, problem_);
}

Receipts::Host& Receipts::host_of(const Contact& contact) {
    const std::string& host = contact.host.empty() ? std::string("(unreadable)") : contact.host;
    if (const auto found = hosts_.find(host); found != hosts_.end()) return found->second;
    return hosts_[hosts_.size() < limits::receipt_hosts_max ? host : std::string(others)];
}

Result<void> Receipts::opened(Contact& contact) {
    const std::lock_guard lock(mutex_);
    contact.number = ++contacts_;
    contact.allowed = true;
    std::string line;
    json::Writer writer(line);
    begin_line(writer, "opened", contact.number);
    write_contact(writer, contact);
    Result<void> written = write(end_of(line, writer));
    Host& host = host_of(contact);
    if (written) {
        ++host.contacts;
    } else {
        ++host.refused;
        host.reason = written.error().message;
    }
    return written;
}

void Receipts::closed(const Contact& contact) {
    const std::lock_guard lock(mutex_);
    std::string line;
    json::Writer writer(line);
    begin_line(writer, "closed", contact.number);
    writer.member("how", name(contact.how));
    writer.member("host", contact.host);
    writer.member("port", unsigned{contact.port});
    writer.member("address", contact.address);
    writer.member("sent_bytes", contact.sent_bytes);
    writer.member("received_bytes", contact.received_bytes);
    if (contact.exchanges != 0) writer.member("exchanges", contact.exchanges);
    writer.member("duration_ms", wall_ms() - contact.begun_ms);
    writer.member("end", contact.end);
    [[maybe_unused]] const Result<void> written = write(end_of(line, writer)); // told by problem()
    Host& host = host_of(contact);
    host.sent_bytes += contact.sent_bytes;
    host.received_bytes += contact.received_bytes;
}

void Receipts::refused(Contact& contact) { tell(contact, "refused"); }
void Receipts::name_asked(Contact& contact) { tell(contact, "name"); }

void Receipts::tell(Contact& contact, std::string_view event) {
    const std::lock_guard lock(mutex_);
    contact.number = ++contacts_;
    std::string line;
    json::Writer writer(line);
    begin_line(writer, event, contact.number);
    write_contact(writer, contact);
    if (!contact.address.empty()) writer.member("address", contact.address);
    [[maybe_unused]] const Result<void> written = write(end_of(line, writer));
    Host& host = host_of(contact);
    if (contact.allowed) {
        ++host.names;
    } else {
        ++host.refused;
        host.reason = contact.reason;
    }
}

void Receipts::requested(const Contact& contact, const Requested& request) {
    const std::lock_guard lock(mutex_);
    std::string line;
    json::Writer writer(line);
    begin_line(writer, "request", contact.number);
    writer.member("host", contact.host);
    writer.member("method", request.method);
    writer.member("path", request.path);
    if (!request.query_digest.empty()) writer.member("query", request.query_digest);
    writer.begin_array("headers");
    for (const std::string& one : request.header_names) writer.element(one);
    writer.end_array();
    writer.member("body_bytes", request.body_bytes);
    if (!request.body_digest.empty()) writer.member("body", request.body_digest);
    writer.member("handled_by", request.handled_by);
    if (request.status != 0) writer.member("status", request.status);
    writer.member("answer_bytes", request.answer_bytes);
    if (!request.end.empty()) writer.member("end", request.end);
    [[maybe_unused]] const Result<void> written = write(end_of(line, writer));
}

std::string Receipts::digest(std::string_view bytes) const {
    return "hmac-sha256:" + to_hex(crypto::bytes(key_.of(bytes)));
}

std::map<std::string, Receipts::Host> Receipts::hosts() const {
    const std::lock_guard lock(mutex_);
    return hosts_;
}

std::string Receipts::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_.empty() ? problem_ : problem_ + " (" + std::to_string(lost_lines_) + " lines are missing)";
}

std::string Receipts::summary() const {
    const std::lock_guard lock(mutex_);
    std::size_t refused = 0, told = 0;
    std::string names;
    for (const auto& [host, figures] : hosts_) {
        if (figures.refused == 0) continue;
        if (++refused > summary_hosts_max) continue;
        names += (told++ == 0 ? "" : ", ") + host + " (" + std::to_string(figures.refused) +
                 (figures.refused == 1 ? " time: " : " times: ") + figures.reason + ")";
    }
    if (refused > summary_hosts_max) names += " and " + std::to_string(refused - summary_hosts_max) + " more";
    std::string text = std::to_string(hosts_.size()) + (hosts_.size() == 1 ? " host, " : " hosts, ");
    text += refused == 0 ? std::string("none refused") : std::to_string(refused) + " refused: " + names;
    if (!problem_.empty()) text += "; " + problem_;
    return text;
}

} // namespace sallyport::egress
