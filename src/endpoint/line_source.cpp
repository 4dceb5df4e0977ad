#include "endpoint/line_source.h"

#include "base/plain_file.h"

#include <cerrno>
#include <unistd.h>
#include <utility>

namespace sallyport::endpoint {

namespace {
constexpr std::size_t block_bytes = 1u << 18;
} // namespace

Result<LineSource> LineSource::open(const std::filesystem::path& path) {
    if (path == "-") return LineSource(::dup(STDIN_FILENO));
    const auto file = open_plain_file(path);
    if (!file) return std::unexpected(file.error());
    return LineSource(*file);
}

LineSource::LineSource(LineSource&& other) noexcept
    : file_(std::exchange(other.file_, -1)), ended_(other.ended_), failed_(other.failed_), bytes_(other.bytes_),
      buffer_(std::move(other.buffer_)), begin_(other.begin_) {}

LineSource::~LineSource() {
    if (file_ >= 0) ::close(file_);
}

bool LineSource::next(std::string_view& line, bool& cut) {
    cut = false;
    std::size_t searched = begin_;
    for (;;) {
        const auto end = buffer_.find('\n', searched);
        if (end != std::string::npos) {
            line = std::string_view(buffer_).substr(begin_, end - begin_);
            begin_ = end + 1;
            break;
        }
        if (buffer_.size() - begin_ > log_line_bytes_max) { // too long: what is there so far goes, the rest with it
            cut = true;
            begin_ = buffer_.size();
        }
        if (ended_) {
            if (begin_ == buffer_.size() && !cut) return false;
            line = std::string_view(buffer_).substr(begin_);
            begin_ = buffer_.size();
            break;
        }
        buffer_.erase(0, begin_);
        begin_ = 0;
        searched = buffer_.size();
        buffer_.resize(searched + block_bytes);
        const auto got = ::read(file_, buffer_.data() + searched, block_bytes);
        buffer_.resize(searched + static_cast<std::size_t>(got > 0 ? got : 0));
        if (got < 0 && errno == EINTR) continue;
        failed_ = failed_ || got < 0;
        ended_ = got <= 0;
        bytes_ += static_cast<std::uint64_t>(got > 0 ? got : 0);
    }
    if (line.size() > log_line_bytes_max) cut = true;
    if (cut) line = {};
    if (line.ends_with('\r')) line.remove_suffix(1);
    return true;
}

} // namespace sallyport::endpoint
