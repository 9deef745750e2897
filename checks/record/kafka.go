package record

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// CreateTopics creates topics with one replica. A topic that exists is an error:
// its records would be taken for this run's.
func CreateTopics(ctx context.Context, client *kgo.Client, names []string, partitions int32) error {
	created, err := kadm.NewClient(client).CreateTopics(ctx, partitions, 1, nil, names...)
	if err == nil {
		err = created.Error()
	}
	if err != nil {
		return fmt.Errorf("create topics %q: %w", names, err)
	}
	return nil
}

// Produce writes records in their order and waits until all replicas have them.
// The client must keep kgo's defaults for acknowledgement and idempotence.
func Produce(ctx context.Context, client *kgo.Client, records []*kgo.Record) error {
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("produce %d records: %w", len(records), err)
	}
	return nil
}

// Committed says whether the group's committed offset has reached the end of
// each partition of the topics that holds records. A sink connector's group is
// connect-<name>; one that is not there has committed nothing.
func Committed(ctx context.Context, client *kgo.Client, group string, topics []string) (bool, error) {
	admin := kadm.NewClient(client)
	starts, ends, err := bounds(ctx, admin, topics)
	if err != nil {
		return false, err
	}
	committed, err := admin.FetchOffsetsForTopics(ctx, group, topics...)
	if err == nil {
		err = committed.Error()
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return false, fmt.Errorf("read offsets of group %s: %w", group, err)
	}
	reached := true
	ends.Each(func(end kadm.ListedOffset) {
		start, _ := starts.Lookup(end.Topic, end.Partition)
		offset, found := committed.Lookup(end.Topic, end.Partition)
		if end.Offset > start.Offset && (!found || offset.At < end.Offset) {
			reached = false
		}
	})
	return reached, nil
}

// bounds are the first offset of each partition and the one after the last.
func bounds(ctx context.Context, admin *kadm.Client, topics []string) (starts, ends kadm.ListedOffsets, err error) {
	if starts, err = admin.ListStartOffsets(ctx, topics...); err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read start offsets of %q: %w", topics, err)
	}
	if ends, err = admin.ListEndOffsets(ctx, topics...); err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read end offsets of %q: %w", topics, err)
	}
	return starts, ends, nil
}

// Dead is a record that a connector gave up on, as the headers
// __connect.errors.* of its dead letter topic describe it (KIP-298). Fields whose
// header is absent are empty, offset and partition -1. Nothing is redacted.
type Dead struct {
	Stage     string // such as VALUE_CONVERTER
	Class     string // of the converter or transform that failed
	Exception string // class
	Message   string
	Topic     string // where the record came from
	Partition int32
	Offset    int64
}

// DeadLetters reads a dead letter topic from its start to its end as it is now.
// A topic that does not exist holds none.
func DeadLetters(ctx context.Context, client *kgo.Client, topic string) ([]Dead, error) {
	starts, ends, err := bounds(ctx, kadm.NewClient(client), []string{topic})
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	left := map[int32]int64{} // partition to end
	from := map[int32]kgo.Offset{}
	ends.Each(func(end kadm.ListedOffset) {
		if start, _ := starts.Lookup(topic, end.Partition); end.Offset > start.Offset {
			left[end.Partition] = end.Offset
			from[end.Partition] = kgo.NewOffset().At(start.Offset)
		}
	})
	if len(left) == 0 {
		return nil, nil
	}
	consumer, err := kgo.NewClient(append(client.Opts(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))...)
	if err != nil {
		return nil, fmt.Errorf("read dead letters of %s: %w", topic, err)
	}
	defer consumer.Close()
	return drain(ctx, consumer, left)
}

// drain polls until each partition's end was seen.
func drain(ctx context.Context, consumer *kgo.Client, left map[int32]int64) ([]Dead, error) {
	var dead []Dead
	for len(left) > 0 {
		fetches := consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("read dead letters: %w", err)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			end, unread := left[record.Partition]
			if !unread || record.Offset >= end {
				return
			}
			dead = append(dead, deadLetter(record))
			if record.Offset == end-1 {
				delete(left, record.Partition)
			}
		})
	}
	return dead, nil
}

func deadLetter(record *kgo.Record) Dead {
	dead := Dead{Partition: -1, Offset: -1}
	for _, header := range record.Headers {
		text := string(header.Value)
		switch header.Key {
		case "__connect.errors.stage":
			dead.Stage = text
		case "__connect.errors.class.name":
			dead.Class = text
		case "__connect.errors.exception.class.name":
			dead.Exception = text
		case "__connect.errors.exception.message":
			dead.Message = text
		case "__connect.errors.topic":
			dead.Topic = text
		case "__connect.errors.partition":
			if partition, err := strconv.ParseInt(text, 10, 32); err == nil {
				dead.Partition = int32(partition)
			}
		case "__connect.errors.offset":
			if offset, err := strconv.ParseInt(text, 10, 64); err == nil {
				dead.Offset = offset
			}
		}
	}
	return dead
}
