package dynamostore

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// item is a record as DynamoDB has it.
type item = map[string]types.AttributeValue

// key is where an item stands.
//
//	export              ACCT#<account>         EXP#<export id>
//	admission           ACCT#<account>         ADM
//	idempotency record  ACCT#<account>         IDEM#<route>#<key>
//	note of a shard     ACCT#<account>         NOTE#<export id>#<generation>#<shard>
//	connector           ACCT#<account>         CONN#<connector id>
//	webhook             ACCT#<account>         HOOK#<webhook id>
//	delivery of one     ACCT#<account>         DLV#<delivery id>
//	automation          ACCT#<account>         AUTO#<index id>
//	noted end of a run  ACCT#<account>         ENDED#<index id>#<run id>
//	index               ACCT#<account>         IDX#<index id>
//	run                 ACCT#<account>         RUN#<run id>
//	run of an index     ACCT#<account>         IDXRUN#<index id>#<run id>
//	part of a run       RUN#<account>#<run id> PART#<number, six digits>
//	API key             KEY#<hash>             KEY
//	hash of a key's id  KEYID#<key id>         KEYID
//	key of an account   KEYS#<account>         KEYOF#<key id>
//
// Ids hold no "#" (export.ValidID), so no id can reach into another's key.
type key struct{ pk, sk string }

const (
	accountPrefix    = "ACCT#"
	exportPrefix     = "EXP#"
	connectorPrefix  = "CONN#"
	webhookPrefix    = "HOOK#"
	deliveryPrefix   = "DLV#"
	automationPrefix = "AUTO#"
	partPrefix       = "PART#"
)

func exportKey(account, id string) key    { return key{accountPrefix + account, exportPrefix + id} }
func connectorKey(account, id string) key { return key{accountPrefix + account, connectorPrefix + id} }
func webhookKey(account, id string) key   { return key{accountPrefix + account, webhookPrefix + id} }
func deliveryKey(account, id string) key  { return key{accountPrefix + account, deliveryPrefix + id} }
func indexKey(account, id string) key     { return key{accountPrefix + account, "IDX#" + id} }
func runKey(account, id string) key       { return key{accountPrefix + account, "RUN#" + id} }
func apiKeyKey(hash string) key           { return key{"KEY#" + hash, "KEY"} }

func admissionKey(account string) key { return key{accountPrefix + account, "ADM"} }

func automationKey(account, index string) key {
	return key{accountPrefix + account, automationPrefix + index}
}

func endingKey(account, index, run string) key {
	return key{accountPrefix + account, "ENDED#" + index + "#" + run}
}

// keyIDKey and keyOfKey lie where no function may read: only those who administer keys look for one by anything but its
// hash.
func keyIDKey(id string) key          { return key{"KEYID#" + id, "KEYID"} }
func keyOfKey(account, id string) key { return key{"KEYS#" + account, "KEYOF#" + id} }

func idempotencyKey(k store.IdempotencyKey) key {
	return key{accountPrefix + k.AccountID, "IDEM#" + k.Route + "#" + k.Key}
}

// memberKey with an empty run id is the prefix of all runs of the index.
func memberKey(account, index, run string) key {
	return key{accountPrefix + account, "IDXRUN#" + index + "#" + run}
}

func partKey(account, run string, number int) key {
	return key{"RUN#" + account + "#" + run, fmt.Sprintf("%s%06d", partPrefix, number)}
}

// attributes is the key as an item holds it.
func (k key) attributes() item { return item{"pk": text(k.pk), "sk": text(k.sk)} }

// ref is the export that an item's key names.
func ref(i item) store.Ref {
	return store.Ref{
		AccountID: strings.TrimPrefix(textOf(i["pk"]), accountPrefix),
		ExportID:  strings.TrimPrefix(textOf(i["sk"]), exportPrefix),
	}
}

func refs(items []item) (all []store.Ref) {
	for _, i := range items {
		all = append(all, ref(i))
	}
	return all
}

// valid reports whether all can stand in a key. What can't was never written, so a read of it finds nothing.
func valid(ids ...string) bool {
	for _, id := range ids {
		if !export.ValidID(id) {
			return false
		}
	}
	return true
}

// writable is valid for writes: an id that can't stand in a key is refused.
func writable(ids ...string) error {
	if valid(ids...) {
		return nil
	}
	return fault.Newf(fault.Invalid, "invalid_id", "An id must be 1 to %d characters of [A-Za-z0-9_-].", export.MaxIDLength)
}

// dueShards is how many partitions the index of open exports is spread over, so that none takes every write.
const dueShards = 8

// What the index holds: open exports, and deliveries that are to be tried again.
const (
	openExports    = "OPEN"
	openDeliveries = "SEND"
)

// closingShard is the partition of exports that have ended and are still to be cleared up after: few, so one holds them.
const closingShard = "CLOSING"

// admissionShards is how many partitions of that index hold the admissions that are due: one of each account that has exports
// waiting.
const admissionShards = 2

func admissionShard(n uint32) string { return fmt.Sprintf("WAIT#%d", n%admissionShards) }

func dueShard(of string, n uint32) string { return fmt.Sprintf("%s#%d", of, n%dueShards) }

func shardOf(exportID string) string { return shardFor(openExports, exportID) }

func shardFor(of, id string) string { return dueShard(of, hashOf(id)) }

func hashOf(id string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()
}

// automationShards is how many partitions of that index hold the automations that are due. There are few: one for each
// index whose runs are just now finishing.
const automationShards = 2

func automationShard(n uint32) string { return fmt.Sprintf("AUTO#%d", n%automationShards) }

func automationShardOf(id string) string { return automationShard(hashOf(id)) }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// textOf is the string of an attribute, "" for any other.
func textOf(v types.AttributeValue) string {
	s, _ := v.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}
