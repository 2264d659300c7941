// What certificates and targets share: objects as JSON texts with a generation, an index and a change stream.
// The typed repositories stand on it; nobody else uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "net/task.h"
#include "store/key_names.h"
#include "store/lease_repository.h"
#include "store/redis_client.h"
#include "store/script_runner.h"

namespace cardea::store {

// What must be stored now for a write to happen.
class Expected {
 public:
  // The generation that the writer read. 0: nothing is stored, or an object without a generation.
  Expected(std::uint64_t generation)
      : word_(std::to_string(generation)) {}  // NOLINT(google-explicit-constructor)
  static Expected any() { return Expected(std::string("any")); }
  static Expected absent() { return Expected(std::string("absent")); }

  [[nodiscard]] const std::string& word() const { return word_; }

 private:
  explicit Expected(std::string word) : word_(std::move(word)) {}
  std::string word_;
};

// What is written in the same step as an object, or not at all.
struct Along {
  std::string due_queue;   // key; "": this kind has none
  std::string due_score;   // "": the name is taken off the queue
  std::string erased_key;  // "": none
};

struct StoredObject {
  std::string name;
  base::Result<std::string> json;  // error (invalid): there is more of it than kObjectBytesMax
};

// The error of an object that was found and cannot be read, with its key and what to do.
[[nodiscard]] base::Error unreadable(base::Error error, ObjectKind kind, std::string_view name);

// All objects of a kind, sorted by name, and the names of those that are there and cannot be read.
template <typename Record>
struct Listing {
  std::vector<Record> records;
  std::vector<std::string> unreadable;
};

// Loop thread only; what it is made from outlives it, and it outlives its tasks.
// Errors: those of RedisClient::command(), and conflict as said below.
class ObjectStore {
 public:
  ObjectStore(RedisClient& client, ScriptRunner& scripts, ObjectKind kind)
      : client_(client), scripts_(scripts), kind_(kind) {}

  // nullopt: there is no such object. Error (invalid): there is more of it than kObjectBytesMax.
  net::Task<base::Result<std::optional<std::string>>> load(std::string name);
  // All objects of the index, sorted by name. An index entry without an object is left out. Not a snapshot:
  // others may write meanwhile.
  net::Task<base::Result<std::vector<StoredObject>>> list();
  // `json` begins with {"generation":N. Returns the new generation. Error (conflict): not as expected, or the
  // lease is held by somebody else now.
  net::Task<base::Result<std::uint64_t>> save(std::string name, std::string json, Expected expected,
                                              std::optional<Lease> lease, Along along = {});
  // False: there was none. Error (conflict) as above.
  net::Task<base::Result<bool>> erase(std::string name, Expected expected, std::optional<Lease> lease,
                                      Along along = {});

 private:
  net::Task<base::Result<RedisReply>> run(const std::string& script, std::string name,
                                          std::vector<std::string> arguments,
                                          const std::optional<Lease>& lease, const Along& along);
  [[nodiscard]] std::unexpected<base::Error> conflict(std::string_view name, std::string_view verdict) const;

  RedisClient& client_;
  ScriptRunner& scripts_;
  ObjectKind kind_;
};

// The names in the index of a kind, sorted.
net::Task<base::Result<std::vector<std::string>>> list_names(RedisClient& client, ObjectKind kind);
// The objects of these names, in their order, without those that do not exist. One that is too long is no
// error of the whole: it would make all the others unreadable.
net::Task<base::Result<std::vector<StoredObject>>> load_objects(ScriptRunner& scripts, ObjectKind kind,
                                                                std::vector<std::string> names);
// Adds every stored object of the kind to its index. Walks through all keys (SCAN): at start only, or when an
// index was lost; never on a request or a timer.
net::Task<base::Status> rebuild_index(RedisClient& client, ObjectKind kind);
// rebuild_index() for each kind whose index does not exist. Once at start, before the first list().
net::Task<base::Status> rebuild_indexes(RedisClient& client);

}  // namespace cardea::store
