#include "catalog/advisory_files.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/plain_file.h"
#include "crypto/crypto.h"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace sallyport::catalog {

namespace {

std::string digest_of(std::string_view text) { return to_hex(crypto::bytes(crypto::sha256(text))); }

Result<std::string> read_all(int descriptor, const std::string& name, std::size_t bytes_max) {
    std::string text(1 << 16, '\0');
    std::size_t size = 0;
    for (;;) {
        const ssize_t got = ::read(descriptor, text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("read " + name);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
        if (size > bytes_max)
            return fail(ErrorKind::too_large, fmt::format("{} is larger than {} bytes", name, bytes_max));
        if (size == text.size()) text.resize(2 * size);
    }
    text.resize(size);
    return text;
}

// A folder of advisories may come from elsewhere: no pipe is waited for.
Result<std::string> read_plain(const std::filesystem::path& path, std::size_t bytes_max) {
    const auto descriptor = open_plain_file(path);
    if (!descriptor) return std::unexpected(descriptor.error());
    auto text = read_all(*descriptor, path.string(), bytes_max);
    ::close(*descriptor);
    return text;
}

const Advisory* newer_here(const std::vector<AdvisoryFile>& here, const Advisory& came) {
    for (const AdvisoryFile& file : here)
        for (const Advisory& one : file.advisories)
            if (one.id == came.id && one.modified_ms > came.modified_ms) return &one;
    return nullptr;
}

// Files whose advisories all came anew: they say nothing any more.
Result<void> remove_replaced(const std::vector<AdvisoryFile>& here, const AdvisoryFile& came,
                             const std::vector<std::filesystem::path>& kept) {
    for (const AdvisoryFile& file : here) {
        const bool replaced = std::ranges::all_of(file.advisories, [&](const Advisory& one) {
            return std::ranges::find(came.advisories, one.id, &Advisory::id) != came.advisories.end();
        });
        if (!replaced || std::ranges::find(kept, file.file) != kept.end()) continue;
        std::error_code code;
        std::filesystem::remove(file.file, code);
        std::filesystem::remove(signature_of(file.file), code);
    }
    return {};
}

} // namespace

std::string signed_text(std::string_view file_text) {
    return fmt::format("sallyport advisories v1\nsha256:{}\n", digest_of(file_text));
}

std::filesystem::path signature_of(const std::filesystem::path& file) { return file.string() + ".sig"; }

Result<AdvisoryFile> read_advisory_file(const std::filesystem::path& file, const std::filesystem::path& signature) {
    AdvisoryFile out;
    out.file = file;
    auto text = file == "-" ? read_all(STDIN_FILENO, "standard input", limits::advisory_file_bytes_max)
                            : read_plain(file, limits::advisory_file_bytes_max);
    if (!text) return std::unexpected(text.error());
    out.text = std::move(*text);
    auto read = read_advisories(out.text);
    if (!read) return fail(read.error().kind, fmt::format("{}: {}", file.string(), read.error().message));
    out.advisories = std::move(*read);
    const std::filesystem::path beside = !signature.empty() ? signature : signature_of(file);
    std::error_code code;
    if (signature.empty() && (file == "-" || !std::filesystem::exists(beside, code))) return out;
    auto note = read_plain(beside, crypto::note_bytes_max);
    if (!note) return std::unexpected(note.error());
    out.signature = std::move(*note);
    return out;
}

Result<void> check_signature(const AdvisoryFile& file, const std::optional<crypto::NoteVerifier>& key) {
    if (!key) return {};
    const auto bad = [&](std::string_view why) {
        return fail(ErrorKind::refused, fmt::format("{} is not taken, since advisories must be signed by {}: {}",
                                                    file.file.string(), key->name(), why));
    };
    if (file.signature.empty()) return bad(signature_of(file.file).string() + " is not there");
    const auto note = crypto::parse_note(file.signature);
    if (!note) return bad(note.error().message);
    if (note->text != signed_text(file.text)) return bad("the signature is of another file than this one");
    const auto signers = crypto::signers_of(*note, std::span(&*key, 1));
    if (!signers) return bad(signers.error().message);
    if (signers->empty()) return bad("it is signed by others");
    return {};
}

Result<std::vector<AdvisoryFile>> read_advisory_files(const AdvisorySource& source) {
    std::vector<std::filesystem::path> files;
    std::error_code code;
    for (std::filesystem::directory_iterator at(source.folder, code), end; !code && at != end; at.increment(code)) {
        const std::filesystem::path& path = at->path();
        if (path.extension() == ".json" && !path.filename().string().starts_with('.')) files.push_back(path);
        if (files.size() > limits::advisory_files_max)
            return fail(ErrorKind::too_large, fmt::format("{} holds more than {} files; import them as bundles",
                                                          source.folder.string(), limits::advisory_files_max));
    }
    if (code && (source.must_exist || code != std::errc::no_such_file_or_directory))
        return fail(ErrorKind::io,
                    fmt::format("the advisories in {} cannot be read: {}", source.folder.string(), code.message()));
    std::ranges::sort(files);
    std::vector<AdvisoryFile> out;
    for (const std::filesystem::path& file : files) {
        auto read = read_advisory_file(file, {});
        if (!read) return std::unexpected(read.error());
        if (auto may = check_signature(*read, source.key); !may) return std::unexpected(may.error());
        out.push_back(std::move(*read));
    }
    return out;
}

Result<std::shared_ptr<const Advisories>> load_advisories(const AdvisorySource& source) {
    auto files = read_advisory_files(source);
    if (!files) return std::unexpected(files.error());
    std::vector<Advisory> all;
    for (AdvisoryFile& file : *files) std::ranges::move(file.advisories, std::back_inserter(all));
    return Advisories::make(std::move(all));
}

Result<void> keep(const AdvisorySource& source, const AdvisoryFile& came) {
    AdvisorySource there = source;
    there.must_exist = false;
    const auto here = read_advisory_files(there);
    if (!here) return std::unexpected(here.error());
    for (const Advisory& one : came.advisories)
        if (const Advisory* newer = newer_here(*here, one); newer != nullptr)
            return fail(ErrorKind::refused,
                        fmt::format("advisory {} is here as modified later than the one that came; remove that first "
                                    "if it is wrong: sallyport advisory remove {}",
                                    newer->id, newer->id));
    std::error_code code;
    std::filesystem::create_directories(source.folder, code);
    if (code) return fail(ErrorKind::io, fmt::format("cannot make {}: {}", source.folder.string(), code.message()));
    std::vector<std::filesystem::path> kept;
    const auto write = [&](const std::string& name, const std::string& text, const std::string& signature) {
        const std::filesystem::path target = kept.emplace_back(source.folder / name);
        if (!signature.empty()) // first: a file without its signature would close the gateway
            if (auto done = replace_file(signature_of(target), signature, 0644); !done) return done;
        if (signature.empty()) std::filesystem::remove(signature_of(target), code);
        return replace_file(target, text, 0644);
    };
    if (!came.signature.empty()) {
        const std::string name =
            came.advisories.size() == 1 ? came.advisories.front().id : "bundle-" + digest_of(came.text).substr(0, 16);
        if (auto done = write(name + ".json", came.text, came.signature); !done) return done;
    } else {
        for (const Advisory& one : came.advisories)
            if (auto done = write(one.id + ".json", one.text + "\n", {}); !done) return done;
    }
    return remove_replaced(*here, came, kept);
}

Result<void> remove(const AdvisorySource& source, std::string_view id, bool with_others) {
    const auto here = read_advisory_files(source);
    if (!here) return std::unexpected(here.error());
    bool found = false;
    for (const AdvisoryFile& file : *here) {
        if (std::ranges::find(file.advisories, id, &Advisory::id) == file.advisories.end()) continue;
        if (file.advisories.size() > 1 && !with_others)
            return fail(ErrorKind::refused,
                        fmt::format("{} holds {} other advisories, too; --with-others removes them all, or import a "
                                    "bundle in which this one is withdrawn",
                                    file.file.string(), file.advisories.size() - 1));
        std::error_code code;
        if (!std::filesystem::remove(file.file, code))
            return fail(ErrorKind::io, fmt::format("cannot remove {}: {}", file.file.string(), code.message()));
        std::filesystem::remove(signature_of(file.file), code);
        found = true;
    }
    if (!found) return fail(ErrorKind::invalid, fmt::format("there is no advisory {}", id));
    return {};
}

} // namespace sallyport::catalog
