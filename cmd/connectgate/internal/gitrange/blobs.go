package gitrange

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// blobs reads objects through one git cat-file process.
type blobs struct {
	mutex sync.Mutex
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	err   error // why no more can be read
}

var errClosed = errors.New("the repository was closed")

func (r *Repository) openBlobs(ctx context.Context) (*blobs, error) {
	cmd := r.command(ctx, "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open git cat-file: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("open git cat-file: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, startError(err)
	}
	return &blobs{cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

// read is the content of one blob by its hash. After an error in the conversation
// with git, such as a cancelled context, every later read fails alike.
func (b *blobs) read(hash string) ([]byte, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.err != nil {
		return nil, b.err
	}
	size, err := b.ask(hash)
	if err != nil {
		b.err = fmt.Errorf("read blob %s: %w", hash, err)
		return nil, b.err
	}
	if size < 0 {
		return nil, fmt.Errorf("read blob %s: not in this clone", hash)
	}
	content := make([]byte, size+1) // git ends each answer with a newline
	if _, err := io.ReadFull(b.out, content); err != nil {
		b.err = fmt.Errorf("read blob %s: %w", hash, err)
		return nil, b.err
	}
	return content[:size:size], nil
}

// ask begins an answer of git and says how many bytes follow; -1: git has no such object.
func (b *blobs) ask(hash string) (int, error) {
	if _, err := io.WriteString(b.in, hash+"\n"); err != nil {
		return 0, err
	}
	header, err := b.out.ReadString('\n')
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(header)
	if len(fields) == 2 && fields[1] == "missing" {
		return -1, nil
	}
	if len(fields) != 3 {
		return 0, fmt.Errorf("git cat-file answered %q", header)
	}
	return strconv.Atoi(fields[2])
}

// close ends the process. How it ends says nothing: each answer was checked when it was read.
func (b *blobs) close() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if errors.Is(b.err, errClosed) {
		return
	}
	b.err = errClosed
	_ = b.in.Close()
	_ = b.cmd.Wait()
}
