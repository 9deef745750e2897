package plugin

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What an archive may unpack to. Jars are compressed already, so that real
// plugins stay below a ratio of 2.
const (
	maxEntries  = 100_000
	maxUnpacked = 1 << 30
	maxRatio    = 100
	freeRatio   = 16 << 20 // the ratio counts above this size only
	maxName     = 1024
)

// Folder is the name of the archive's own folder, unique to its bytes: a worker
// keeps what lies in one folder apart from the others.
func (a *Archive) Folder() string {
	name, _ := a.format()
	safe := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '_'
	}, name)
	return safe + "-" + strings.TrimPrefix(a.Digest, "sha256:")[:8]
}

// Tar writes the archive, unpacked into [Archive.Folder] below dir, as a tar
// stream: tar.gz, tgz and zip with their own folders kept, a jar as the single
// file it is. Owners, times and permissions are dropped, so the same bytes give
// the same stream. An *ArchiveError (a finding) says what is wrong with the
// archive; what was written until then must be thrown away. Any other error is
// w's or this machine's.
func (a *Archive) Tar(w io.Writer, dir string) error {
	file, err := os.Open(a.path)
	if err != nil {
		return fmt.Errorf("open plugin %s: %w", a.Name, err)
	}
	defer file.Close() //nolint:errcheck // only read
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("open plugin %s: %w", a.Name, err)
	}
	stream := tar.NewWriter(w)
	u := &unpacking{
		archive: a.Name, stream: stream, root: path.Join(strings.TrimPrefix(dir, "/"), a.Folder()), seen: map[string]kind{".": folder}, size: info.Size(),
	}
	if err := u.folderHeader("."); err != nil {
		return err
	}
	if err := a.entries(u, file); err != nil {
		return err
	}
	if err := u.checkLinks(); err != nil {
		return err
	}
	if err := stream.Close(); err != nil {
		return fmt.Errorf("write plugin %s: %w", a.Name, err)
	}
	return nil
}

// format splits the file's name into its stem and the format's ending.
func (a *Archive) format() (stem, ending string) {
	for _, ending := range []string{".tar.gz", ".tgz", ".zip", ".jar"} {
		if stem, ok := strings.CutSuffix(a.File, ending); ok {
			return stem, ending
		}
	}
	return a.File, ""
}

func (a *Archive) entries(u *unpacking, file *os.File) error {
	switch _, ending := a.format(); ending {
	case ".tar.gz", ".tgz":
		return untar(u, file)
	case ".zip":
		return unzip(u, file)
	case ".jar":
		return u.file(a.File, u.size, file)
	}
	return &ArchiveError{Name: a.Name, Msg: fmt.Sprintf("%q has an unknown format; use tar.gz, tgz, zip or jar", a.File)}
}

// kind is what an entry is. The zero value: there is no such entry.
type kind int

const (
	folder kind = iota + 1
	file
	symlink
)

// unpacking is an archive on its way into a tar stream.
type unpacking struct {
	archive string
	stream  *tar.Writer
	root    string // the archive's folder in the stream
	size    int64  // of the archive, in bytes
	total   int64  // unpacked so far, in bytes
	seen    map[string]kind
	links   []string // places that links lead through, as paths below root
}

func (u *unpacking) refuse(entry, msg string) error {
	return &ArchiveError{Name: u.archive, Entry: entry, Msg: msg}
}

// damaged is an archive that its own format's reader gives up on.
func (u *unpacking) damaged(entry string, err error) error {
	return u.refuse(entry, "cannot be read: "+err.Error())
}

// place checks an entry's name and returns it clean and below root.
func (u *unpacking) place(entry string) (string, error) {
	clean := path.Clean(entry)
	switch {
	case len(entry) > maxName:
		return "", u.refuse(entry, "has a name longer than 1024 bytes")
	case entry == "":
		return "", u.refuse("", "has an entry without a name")
	case !utf8.ValidString(entry), strings.ContainsFunc(entry, unicode.IsControl), strings.Contains(entry, `\`):
		return "", u.refuse(entry, "has a name with a backslash, a control character or no UTF-8")
	case path.IsAbs(entry):
		return "", u.refuse(entry, "has an absolute path")
	case !fs.ValidPath(clean), strings.Contains("/"+entry+"/", "/../"):
		return "", u.refuse(entry, "leaves the plugin's folder")
	}
	return clean, nil
}

// add notes an entry, with the folders above it.
func (u *unpacking) add(entry, clean string, k kind) error {
	if u.seen[clean] != 0 {
		return u.refuse(entry, "appears twice")
	}
	if err := u.folder(path.Dir(clean)); err != nil {
		return err
	}
	u.seen[clean] = k
	if len(u.seen) > maxEntries {
		return u.refuse(entry, fmt.Sprintf("is one too many: an archive may have %d", maxEntries))
	}
	return nil
}

// folder writes a folder and those above it, once.
func (u *unpacking) folder(clean string) error {
	switch u.seen[clean] {
	case folder:
		return nil
	case file, symlink:
		return u.refuse(clean, "is a folder and something else")
	}
	if err := u.add(clean, clean, folder); err != nil {
		return err
	}
	return u.folderHeader(clean)
}

func (u *unpacking) folderHeader(clean string) error {
	return u.header(&tar.Header{Typeflag: tar.TypeDir, Name: path.Join(u.root, clean) + "/", Mode: 0o755})
}

// file writes a regular file of size bytes.
func (u *unpacking) file(entry string, size int64, content io.Reader) error {
	clean, err := u.place(entry)
	if err != nil {
		return err
	}
	if err := u.add(entry, clean, file); err != nil {
		return err
	}
	if err := u.grow(entry, size); err != nil {
		return err
	}
	if err := u.header(&tar.Header{Typeflag: tar.TypeReg, Name: path.Join(u.root, clean), Mode: 0o644, Size: size}); err != nil {
		return err
	}
	return u.copy(entry, size, content)
}

// grow counts size against the limits before a byte of it is unpacked.
func (u *unpacking) grow(entry string, size int64) error {
	if size < 0 || size > maxUnpacked-u.total {
		return u.refuse(entry, fmt.Sprintf("makes the archive unpack to more than %d MiB", maxUnpacked>>20))
	}
	u.total += size
	if u.total > freeRatio && u.total/maxRatio > u.size {
		return u.refuse(entry, fmt.Sprintf("makes the archive unpack to more than %d times its size", maxRatio))
	}
	return nil
}

// copy tells a damaged archive from a stream that cannot be written.
func (u *unpacking) copy(entry string, size int64, content io.Reader) error {
	source := &remembering{Reader: content}
	n, err := io.Copy(u.stream, source)
	switch {
	case source.err != nil:
		return u.damaged(entry, source.err)
	case errors.Is(err, tar.ErrWriteTooLong), err == nil && n < size:
		return u.refuse(entry, "has another size than the archive states")
	case err != nil:
		return fmt.Errorf("write plugin %s: %w", u.archive, err)
	}
	return nil
}

// link writes a symbolic link whose target stays in the archive's folder.
func (u *unpacking) link(entry, target string) error {
	clean, err := u.place(entry)
	if err != nil {
		return err
	}
	leads := path.Join(path.Dir(clean), target)
	if target == "" || len(target) > maxName || path.IsAbs(target) || !fs.ValidPath(leads) {
		return u.refuse(entry, fmt.Sprintf("links out of the plugin's folder, to %.200q", target))
	}
	if err := u.add(entry, clean, symlink); err != nil {
		return err
	}
	u.links = append(u.links, path.Dir(clean)+"/"+target)
	return u.header(&tar.Header{Typeflag: tar.TypeSymlink, Name: path.Join(u.root, clean), Linkname: target, Mode: 0o777})
}

// checkLinks refuses links that lead through other links: only then could a
// path that looks as if it stayed inside lead out.
func (u *unpacking) checkLinks() error {
	for _, link := range u.links {
		steps := strings.Split(link, "/")
		for i := 1; i < len(steps); i++ {
			if u.seen[path.Join(steps[:i]...)] == symlink {
				return u.refuse(link, "is a link that leads through another link")
			}
		}
	}
	return nil
}

func (u *unpacking) header(header *tar.Header) error {
	if err := u.stream.WriteHeader(header); err != nil {
		return fmt.Errorf("write plugin %s: %w", u.archive, err)
	}
	return nil
}

// remembering keeps the error of what it reads from.
type remembering struct {
	io.Reader
	err error
}

func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
