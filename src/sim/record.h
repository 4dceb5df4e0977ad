// What the vendor received, for whoever wants to prove something about it: a line of JSON per request, in a file and in memory
// (GET /vendor/requests), and the bytes themselves under --save.
//
//   {"n":1,"peer":…,"method":…,"path":…,"query":…,"bytes":…,"sha256":…,"dialect":…,"operation":…,"model":…,"stream":…,
//    "fault":…,"headers":[[name,value]…]}     and, where a client leaves before its answer is whole, {"n":1,"cancelled":true}
//
// Shared by the loops; thread-safe. Writing blocks: this is a vendor for tests.
#pragma once

#include "base/error.h"
#include "http/head.h"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sallyport::sim {

struct Received {
    std::uint64_t number = 0;
    std::string_view peer;
    const http::RequestHead& head;
    std::string_view body;
    std::string sha256{};       // hex; empty: not computed
    std::string_view dialect{}; // this and the next two are empty where the path is not an endpoint's
    std::string_view operation{};
    std::string model{};
    bool stream = false;
    std::string fault{};
};

class Record {
public:
    // Either name may be empty. `remembers`: lines are kept in memory too.
    static Result<std::unique_ptr<Record>> open(const std::string& log_file, const std::string& save_folder,
                                                bool remembers);
    ~Record();
    Record(const Record&) = delete;
    Record& operator=(const Record&) = delete;

    bool wants_lines() const { return remembers_ || log_ >= 0; }
    void received(const Received&);
    void cancelled(std::uint64_t number);
    // DIR/<n>.body, and DIR/<n>.head: request line and fields, names, case and order as they came.
    Result<void> save(std::uint64_t number, const http::RequestHead&, std::string_view body) const;

    // The lines remembered, oldest first; `left_out`: how many older ones were forgotten.
    std::string lines(std::uint64_t& left_out) const;
    void forget();

private:
    Record() = default;
    void add(std::string line);

    int log_ = -1;
    bool remembers_ = false;
    std::filesystem::path save_folder_;
    mutable std::mutex mutex_;
    std::deque<std::string> lines_;
    std::size_t lines_bytes_ = 0;
    std::uint64_t left_out_ = 0;
};

} // namespace sallyport::sim
