package record_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/connectgate/connectgate/checks/record"
)

// cluster starts a broker in process and a client to it.
func cluster(t *testing.T) (context.Context, *kgo.Client) {
	t.Helper()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx, client
}

func mustCreate(ctx context.Context, t *testing.T, client *kgo.Client, partitions int32, names ...string) {
	t.Helper()
	if err := record.CreateTopics(ctx, client, names, partitions); err != nil {
		t.Fatal(err)
	}
}

func produce(ctx context.Context, t *testing.T, client *kgo.Client, records ...*kgo.Record) {
	t.Helper()
	if err := record.Produce(ctx, client, records); err != nil {
		t.Fatal(err)
	}
}

func commit(ctx context.Context, t *testing.T, client *kgo.Client, offset kadm.Offset) {
	t.Helper()
	offsets := kadm.Offsets{}
	offsets.Add(offset)
	committed, err := kadm.NewClient(client).CommitOffsets(ctx, "connect-sink", offsets)
	if err == nil {
		err = committed.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestCommittedFollowsTheGroup(t *testing.T) {
	ctx, client := cluster(t)
	mustCreate(ctx, t, client, 2, "orders", "empty")
	topics := []string{"orders", "empty"}
	check := func(when string, want bool) {
		t.Helper()
		got, err := record.Committed(ctx, client, "connect-sink", topics)
		if err != nil || got != want {
			t.Errorf("%s: committed is %v (%v), want %v", when, got, err, want)
		}
	}
	check("nothing was produced", true)
	produce(ctx, t, client, &kgo.Record{Topic: "orders", Key: []byte("a"), Value: []byte("1")}, &kgo.Record{Topic: "orders", Key: []byte("a")})
	check("there is no group", false)
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, "orders")
	if err != nil {
		t.Fatal(err)
	}
	ends.Each(func(end kadm.ListedOffset) {
		if end.Offset == 2 {
			commit(ctx, t, client, kadm.Offset{Topic: "orders", Partition: end.Partition, At: 1})
			check("one record is left", false)
			commit(ctx, t, client, kadm.Offset{Topic: "orders", Partition: end.Partition, At: 2})
			check("the end is reached", true)
		}
	})
	t.Run("a topic that is not there is an error", func(t *testing.T) {
		if _, err := record.Committed(ctx, client, "connect-sink", []string{"gone"}); err == nil {
			t.Error("no error")
		}
	})
}

func TestProduceKeepsTheOrderOfAPartition(t *testing.T) {
	ctx, client := cluster(t)
	mustCreate(ctx, t, client, 1, "dead")
	var records []*kgo.Record
	for i := range 500 {
		records = append(records, dead(fmt.Sprint(i)))
	}
	produce(ctx, t, client, records...)
	got, err := record.DeadLetters(ctx, client, "dead")
	if err != nil || len(got) != 500 {
		t.Fatalf("%d dead letters (%v), want 500", len(got), err)
	}
	for i, letter := range got {
		if letter.Offset != int64(i) {
			t.Fatalf("letter %d is of offset %d", i, letter.Offset)
		}
	}
}

func dead(offset string) *kgo.Record {
	return &kgo.Record{Topic: "dead", Value: []byte("x"), Headers: []kgo.RecordHeader{{Key: "__connect.errors.offset", Value: []byte(offset)}}}
}

func TestDeadLetters(t *testing.T) {
	ctx, client := cluster(t)
	t.Run("a topic that is not there holds none", func(t *testing.T) {
		got, err := record.DeadLetters(ctx, client, "gone")
		if err != nil || got != nil {
			t.Errorf("dead letters are %v (%v)", got, err)
		}
	})
	mustCreate(ctx, t, client, 3, "dead")
	t.Run("an empty topic holds none", func(t *testing.T) {
		got, err := record.DeadLetters(ctx, client, "dead")
		if err != nil || got != nil {
			t.Errorf("dead letters are %v (%v)", got, err)
		}
	})
	t.Run("headers say what happened", func(t *testing.T) {
		headers := []kgo.RecordHeader{
			{Key: "__connect.errors.topic", Value: []byte("orders")},
			{Key: "__connect.errors.partition", Value: []byte("2")},
			{Key: "__connect.errors.offset", Value: []byte("41")},
			{Key: "__connect.errors.stage", Value: []byte("VALUE_CONVERTER")},
			{Key: "__connect.errors.class.name", Value: []byte("org.apache.kafka.connect.json.JsonConverter")},
			{Key: "__connect.errors.exception.class.name", Value: []byte("org.apache.kafka.connect.errors.DataException")},
			{Key: "__connect.errors.exception.message", Value: []byte("not JSON")},
			{Key: "other", Value: []byte("x")},
		}
		produce(ctx, t, client, &kgo.Record{Topic: "dead", Key: []byte("a"), Headers: headers}, &kgo.Record{Topic: "dead", Key: []byte("a"), Headers: []kgo.RecordHeader{
			{Key: "__connect.errors.partition", Value: []byte("x")}, {Key: "__connect.errors.offset", Value: []byte("x")},
		}})
		got, err := record.DeadLetters(ctx, client, "dead")
		if err != nil {
			t.Fatal(err)
		}
		want := []record.Dead{
			{
				Stage: "VALUE_CONVERTER", Class: "org.apache.kafka.connect.json.JsonConverter", Exception: "org.apache.kafka.connect.errors.DataException",
				Message: "not JSON", Topic: "orders", Partition: 2, Offset: 41,
			},
			{Partition: -1, Offset: -1},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("dead letters (-want +got):\n%s", diff)
		}
	})
}

func TestKafkaErrorsSayWhatWasTried(t *testing.T) {
	ctx, client := cluster(t)
	mustCreate(ctx, t, client, 1, "orders")
	if err := record.CreateTopics(ctx, client, []string{"orders"}, 1); err == nil {
		t.Error("a topic that exists is no error")
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := record.Produce(ended, client, []*kgo.Record{{Topic: "orders"}}); err == nil {
		t.Error("produce ends without an error")
	}
	if _, err := record.Committed(ended, client, "g", []string{"orders"}); err == nil {
		t.Error("committed ends without an error")
	}
	if _, err := record.DeadLetters(ended, client, "orders"); err == nil {
		t.Error("dead letters end without an error")
	}
}
