#include "base/encoding.h"
#include "base/file.h"
#include "base/limits.h"
#include "content/code_index.h"
#include "crypto/crypto.h"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <map>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace sallyport::content {

namespace {

constexpr std::string_view list_title = "sallyport index list 1";

// A path on one line: controls and '%' as %XX.
std::string in_a_line(std::string_view path) {
    std::string out;
    for (const char c : path) {
        if (static_cast<unsigned char>(c) >= 0x20 && c != '%' && c != 0x7F)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::optional<std::string> out_of_a_line(std::string_view line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] != '%') {
            out += line[i];
            continue;
        }
        const auto byte = from_hex(line.substr(i + 1, 2));
        if (!byte || byte->size() != 1) return std::nullopt;
        out += (*byte)[0];
        i += 2;
    }
    return out;
}

// Of a file name, as the name of a repository may be too long for one or hold slashes.
std::string name_of(std::string_view repository) {
    return to_hex(crypto::bytes(crypto::sha256(repository))).substr(0, 32) + ".list";
}

} // namespace

std::string RepositoryList::text() const {
    std::string out = fmt::format("{}\n{}\n", list_title, in_a_line(repository));
    for (const Entry& one : entries)
        out += to_hex({reinterpret_cast<const char*>(one.digest.data()), one.digest.size()}) + " " +
               in_a_line(one.path) + "\n";
    return out + fmt::format("sum {:08x}\n", crypto::crc32c(out));
}

Result<RepositoryList> RepositoryList::parse(std::string_view text, const std::string& name) {
    const auto damaged = [&](std::size_t line) {
        return fail(ErrorKind::invalid,
                    fmt::format("{}:{}: this list of an indexed repository is damaged; index it anew", name, line));
    };
    constexpr std::size_t sum_bytes = 13; // "sum 01234567\n"
    if (text.size() < sum_bytes) return damaged(1);
    const std::string_view body = text.substr(0, text.size() - sum_bytes);
    if (text.substr(body.size()) != fmt::format("sum {:08x}\n", crypto::crc32c(body))) return damaged(1);
    RepositoryList list;
    std::size_t number = 0;
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t end = std::min(body.find('\n', at), body.size());
        const std::string_view line = body.substr(at, end - at);
        at = end + 1;
        if (++number == 1) {
            if (line != list_title) return damaged(number);
            continue;
        }
        if (number == 2) {
            auto repository = out_of_a_line(line);
            if (!repository || repository->empty()) return damaged(number);
            list.repository = std::move(*repository);
            continue;
        }
        Entry one;
        constexpr std::size_t hex_bytes = 2 * std::tuple_size_v<DocumentDigest>;
        const auto digest = from_hex(line.substr(0, hex_bytes));
        auto path = line.size() > hex_bytes && line[hex_bytes] == ' ' ? out_of_a_line(line.substr(hex_bytes + 1))
                                                                      : std::nullopt;
        if (!digest || digest->size() != one.digest.size() || !path) return damaged(number);
        std::copy(digest->begin(), digest->end(), one.digest.begin());
        one.path = std::move(*path);
        list.entries.push_back(std::move(one));
    }
    if (list.repository.empty()) return damaged(number + 1);
    return list;
}

struct IndexWriter::Known {
    std::map<DocumentDigest, std::size_t> window_of; // the narrowest that it was indexed with
};

IndexWriter::IndexWriter(IndexWriter&& other) noexcept
    : folder_(std::move(other.folder_)), lock_(std::exchange(other.lock_, -1)), generation_(other.generation_),
      known_(std::move(other.known_)), segment_(std::move(other.segment_)), window_(other.window_),
      added_(other.added_), list_(std::move(other.list_)) {}

IndexWriter::~IndexWriter() {
    if (lock_ >= 0) ::close(lock_);
}

Result<IndexWriter> IndexWriter::open(const std::filesystem::path& folder) {
    IndexWriter writer;
    writer.folder_ = folder;
    writer.known_ = std::make_unique<Known>();
    std::error_code code;
    for (const auto& one : {folder, folder / "segments", folder / "repositories"}) {
        std::filesystem::create_directories(one, code);
        if (code) return fail(ErrorKind::io, "the folder " + one.string() + " cannot be made: " + code.message());
        std::filesystem::permissions(one, std::filesystem::perms::owner_all, code);
    }
    const std::string lock = (folder / "lock").string();
    writer.lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (writer.lock_ < 0) return fail_errno("open " + lock);
    if (::flock(writer.lock_, LOCK_EX | LOCK_NB) != 0)
        return fail(ErrorKind::unavailable,
                    "another 'sallyport repo index' is writing to " + folder.string() + "; wait until it is done");
    writer.generation_ = CodeIndex::generation_of(folder);
    const auto index = CodeIndex::load(folder);
    if (!index) return std::unexpected(index.error());
    for (const auto& segment : (*index)->segments())
        for (const SegmentDocument& one : segment->documents()) {
            std::size_t& window = writer.known_->window_of.try_emplace(one.digest, segment->window()).first->second;
            window = std::min(window, segment->window());
        }
    return writer;
}

void IndexWriter::begin(std::string repository, std::size_t window) {
    list_ = {std::move(repository), {}};
    window_ = window;
    added_ = 0;
}

bool IndexWriter::knows(const DocumentDigest& digest) const {
    const auto found = known_->window_of.find(digest);
    return found != known_->window_of.end() && found->second <= window_;
}

void IndexWriter::place(const DocumentDigest& digest, std::string path) {
    list_.entries.push_back({digest, std::move(path)});
}

Result<void> IndexWriter::add(const DocumentDigest& digest, std::string_view content) {
    if (knows(digest)) return {};
    segment_.add(digest, content, window_);
    known_->window_of[digest] = window_;
    ++added_;
    return segment_.full() ? seal() : Result<void>();
}

Result<void> IndexWriter::seal() {
    if (segment_.empty()) return {};
    ++generation_;
    return segment_.write(folder_ / "segments" / fmt::format("{:016x}.seg", generation_));
}

Result<void> IndexWriter::bump() {
    return replace_file(folder_ / "generation", fmt::format("{}\n", ++generation_), 0600);
}

Result<void> IndexWriter::finish() {
    if (auto sealed = seal(); !sealed) return sealed;
    std::ranges::sort(list_.entries, {}, [](const auto& one) { return std::tie(one.digest, one.path); });
    const std::string text = list_.text();
    if (text.size() > limits::index_list_bytes_max)
        return fail(
            ErrorKind::too_large,
            fmt::format("the repository has too many documents: their list would have {} bytes, at most {} are taken",
                        text.size(), limits::index_list_bytes_max));
    if (auto written = replace_file(folder_ / "repositories" / name_of(list_.repository), text, 0600); !written)
        return written;
    return bump();
}

Result<void> IndexWriter::remove(const std::string& repository) {
    std::error_code code;
    if (!std::filesystem::remove(folder_ / "repositories" / name_of(repository), code))
        return fail(ErrorKind::invalid, "no repository '" + repository + "' is indexed");
    return bump();
}

} // namespace sallyport::content
