#include "sim/record.h"

#include "json/writer.h"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace sallyport::sim {

namespace {

constexpr std::size_t remembered_lines_max = 10'000;
constexpr std::size_t remembered_bytes_max = 64u << 20;

Result<void> write_file(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) return fail_errno("write " + path.string());
    return {};
}

std::string line_of(const Received& what) {
    std::string line;
    json::Writer w(line);
    w.begin_object();
    w.member("n", what.number);
    w.member("peer", what.peer);
    w.member("method", what.head.method);
    w.member("path", what.head.path);
    w.member("query", what.head.query);
    w.member("bytes", std::uint64_t{what.body.size()});
    if (!what.sha256.empty()) w.member("sha256", what.sha256);
    if (!what.dialect.empty()) {
        w.member("dialect", what.dialect);
        w.member("operation", what.operation);
        w.member("model", what.model);
        w.member("stream", what.stream);
    }
    if (!what.fault.empty()) w.member("fault", what.fault);
    w.begin_array("headers");
    for (const http::Field& field : what.head.fields) {
        std::string pair;
        json::Writer inner(pair);
        inner.begin_array();
        inner.element(field.name);
        inner.element(field.value);
        inner.end_array();
        w.element_raw(pair);
    }
    w.end_array();
    w.end_object();
    line += '\n';
    return line;
}

} // namespace

Result<std::unique_ptr<Record>> Record::open(const std::string& log_file, const std::string& save_folder,
                                             bool remembers) {
    std::unique_ptr<Record> record(new Record);
    record->remembers_ = remembers;
    if (!log_file.empty()) {
        record->log_ = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (record->log_ < 0) return fail_errno("open " + log_file);
    }
    if (!save_folder.empty()) {
        std::error_code error;
        std::filesystem::create_directories(save_folder, error);
        if (error) return fail(ErrorKind::io, "cannot make the folder " + save_folder + ": " + error.message());
        record->save_folder_ = save_folder;
    }
    return record;
}

Record::~Record() {
    if (log_ >= 0) ::close(log_);
}

void Record::received(const Received& what) { add(line_of(what)); }

void Record::cancelled(std::uint64_t number) { add("{\"n\":" + std::to_string(number) + ",\"cancelled\":true}\n"); }

void Record::add(std::string line) {
    const std::lock_guard lock(mutex_);
    if (log_ >= 0) {
        std::string_view rest = line;
        while (!rest.empty()) {
            const ssize_t count = ::write(log_, rest.data(), rest.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) break; // a full disk must not change what clients see
            rest.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    if (!remembers_) return;
    lines_bytes_ += line.size();
    lines_.push_back(std::move(line));
    while (lines_.size() > remembered_lines_max || lines_bytes_ > remembered_bytes_max) {
        lines_bytes_ -= lines_.front().size();
        lines_.pop_front();
        ++left_out_;
    }
}

Result<void> Record::save(std::uint64_t number, const http::RequestHead& head, std::string_view body) const {
    if (save_folder_.empty()) return {};
    std::string fields;
    fields.append(head.method).append(" ").append(head.target);
    fields.append(head.minor_version == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    for (const http::Field& field : head.fields)
        fields.append(field.name).append(": ").append(field.value).append("\r\n");
    fields += "\r\n";
    const std::string name = std::to_string(number);
    // The body last: whoever waits for it finds the head.
    if (auto written = write_file(save_folder_ / (name + ".head"), fields); !written) return written;
    return write_file(save_folder_ / (name + ".body"), body);
}

std::string Record::lines(std::uint64_t& left_out) const {
    const std::lock_guard lock(mutex_);
    left_out = left_out_;
    std::string all;
    all.reserve(lines_bytes_);
    for (const std::string& line : lines_) all += line;
    return all;
}

void Record::forget() {
    const std::lock_guard lock(mutex_);
    lines_.clear();
    lines_bytes_ = 0;
    left_out_ = 0;
}

} // namespace sallyport::sim
