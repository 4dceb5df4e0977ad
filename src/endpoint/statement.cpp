#include "endpoint/statement.h"

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "repo/checkout.h"
#include "repo/identity.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t part_bytes = 1u << 20;
constexpr off_t slow_bytes = 128 << 20;

std::string identity_of(const struct stat& of) {
    std::string out;
    for (const std::int64_t one :
         {static_cast<std::int64_t>(of.st_dev), static_cast<std::int64_t>(of.st_ino),
          static_cast<std::int64_t>(of.st_size), static_cast<std::int64_t>(of.st_mtim.tv_sec),
          static_cast<std::int64_t>(of.st_mtim.tv_nsec), static_cast<std::int64_t>(of.st_ctim.tv_sec),
          static_cast<std::int64_t>(of.st_ctim.tv_nsec)})
        out += (out.empty() ? "" : " ") + std::to_string(one);
    return out;
}

// What the file is when it was read is what is remembered.
struct OpenFile {
    int descriptor;
    explicit OpenFile(const fs::path& file) : descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    ~OpenFile() {
        if (descriptor >= 0) ::close(descriptor);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
};

} // namespace

Result<std::string> digest_of(const fs::path& file, const Remembered& remembered, const std::function<void()>& slow) {
    const OpenFile open(file);
    struct stat of{};
    if (open.descriptor < 0 || ::fstat(open.descriptor, &of) != 0 || !S_ISREG(of.st_mode))
        return fail_errno("cannot read the program " + file.string());
    const std::string key = identity_of(of);
    if (auto known = remembered.get("digest", key)) return *known;
    if (of.st_size > slow_bytes && slow) slow();
    crypto::Sha256 digest;
    const auto part = std::make_unique<char[]>(part_bytes);
    for (ssize_t got = 0; (got = ::read(open.descriptor, part.get(), part_bytes)) != 0;) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("cannot read the program " + file.string());
        digest.add({part.get(), static_cast<std::size_t>(got)});
    }
    std::string out = "sha256:" + to_hex(crypto::bytes(digest.finish()));
    struct stat now{};
    if (::fstat(open.descriptor, &now) == 0 && identity_of(now) == key) remembered.put("digest", key, out);
    return out;
}

Result<identity::Statement> state(const fs::path& workspace, const Client* client, const Installed& installed,
                                  char tier, const Remembered& remembered, const std::function<void()>& slow) {
    identity::Statement out;
    out.tier = tier;
    if (const auto checkout = repo::look_at_checkout(workspace)) {
        out.repository = repo::normalise_remote(checkout->remote).value_or("");
        out.commit = checkout->commit;
        out.root = checkout->root;
    }
    if (client == nullptr) return out;
    out.client = client->name;
    out.version = installed.version;
    auto digest = digest_of(installed.file, remembered, slow);
    if (!digest) return std::unexpected(digest.error());
    out.digest = std::move(*digest);
    return out;
}

} // namespace sallyport::endpoint
