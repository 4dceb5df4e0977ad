// Receipts: every host that was contacted or asked for, what was decided and what went there. Lines of JSON in a file (docs/egress.md), and
// in memory a bounded sum by host for the end of a run. Never a credential, a query or a body; those are counted and digested.
//
// An allowed contact is written when it begins, before a byte leaves, and again when it ends. Where the first cannot be written, nothing
// leaves. Thread-safe.
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::egress {

enum class How : std::uint8_t { unreadable, connect, absolute, intercepted, dns, direct };
std::string_view name(How);

struct Contact {
    std::uint64_t number = 0;  // given by Receipts
    std::int64_t begun_ms = 0; // wall time
    How how = How::connect;
    std::string caller; // pseudonym or empty
    std::string peer;
    std::string host; // as asked, in lower case; empty where it could not be read
    std::uint16_t port = 0;
    std::string address; // dialled
    bool allowed = false;
    std::string rule; // empty: none matched
    std::string reason;
    std::string end; // "ended", "idle" … of one that was allowed
    std::uint64_t sent_bytes = 0, received_bytes = 0, exchanges = 0;
};

// One request inside an intercepted connection, or in absolute form.
struct Requested {
    std::string method, path; // without its query
    std::string query_digest; // keyed; empty: there was none
    std::vector<std::string> header_names;
    std::uint64_t body_bytes = 0, answer_bytes = 0;
    std::string body_digest; // keyed; empty where it was handed on unread
    std::string handled_by;  // "relay", or "pipeline"
    int status = 0;          // of the answer; 0: there was none
    std::string end;         // empty: whole
};

class Receipts {
public:
    // `file` empty: in memory only. `key`: of the digests.
    static Result<std::unique_ptr<Receipts>> open(const std::filesystem::path& file, const Secret& key);
    ~Receipts();
    Receipts(const Receipts&) = delete;
    Receipts& operator=(const Receipts&) = delete;

    Result<void> opened(Contact& contact); // error: it must not go on
    void closed(const Contact& contact);
    void refused(Contact& contact);
    void name_asked(Contact& contact); // of DNS: allowed or not
    void requested(const Contact& contact, const Requested& request);

    std::string digest(std::string_view bytes) const; // "hmac-sha256:" and 64 hex digits
    std::string digest(const crypto::Digest& sha256) const { return digest(crypto::bytes(sha256)); }

    struct Host {
        std::uint64_t contacts = 0, refused = 0, names = 0; // names: asked of DNS only
        std::uint64_t sent_bytes = 0, received_bytes = 0;
        std::string reason; // of the last refusal
    };
    std::map<std::string, Host> hosts() const;
    // "3 hosts, 1 refused: telemetry.example (2 times: it only counts people)"; one line, for the end of a run.
    std::string summary() const;
    // What could not be written; empty: everything was.
    std::string problem() const;

private:
    Receipts(int descriptor, const Secret& key) : descriptor_(descriptor), key_(key) {}
    void tell(Contact& contact, std::string_view event);
    Result<void> write(std::string line);
    Host& host_of(const Contact& contact);

    int descriptor_;
    crypto::Mac key_;
    mutable std::mutex mutex_;
    std::uint64_t contacts_ = 0;
    std::map<std::string, Host> hosts_;
    std::string problem_;
    std::uint64_t lost_lines_ = 0;
    bool torn_ = false; // the last line is not whole
};

// A path for a receipt: bounded, and parts of it that are credentials by their shape taken out.
std::string path_shown(std::string_view path);

} // namespace sallyport::egress
