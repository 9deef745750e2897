package plugin

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
)

// maxDirectory bounds the zip's directory, which is read whole before an entry
// can be counted: about 160 bytes for each entry that is allowed.
const maxDirectory = 16 << 20

func unzip(u *unpacking, source io.ReaderAt) error {
	limited := &directory{ReaderAt: source, left: maxDirectory}
	entries, err := zip.NewReader(limited, u.size)
	if err != nil {
		return u.damaged("", err)
	}
	limited.ReaderAt, limited.left = source, -1
	for _, entry := range entries.File {
		if err := u.zipEntry(entry); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacking) zipEntry(entry *zip.File) error {
	if entry.Mode().IsDir() {
		clean, err := u.place(entry.Name)
		if err != nil {
			return err
		}
		return u.folder(clean)
	}
	content, err := entry.Open()
	if err != nil {
		return u.damaged(entry.Name, err)
	}
	defer content.Close()
	form := entry.Mode().Type()
	if form == 0 {
		return u.file(entry.Name, int64(min(entry.UncompressedSize64, maxUnpacked+1)), content)
	}
	if form != fs.ModeSymlink {
		return u.refuse(entry.Name, "is neither file, folder nor symbolic link")
	}
	target, err := io.ReadAll(io.LimitReader(content, maxName+1))
	if err != nil {
		return u.damaged(entry.Name, err)
	}
	return u.link(entry.Name, string(target))
}

// directory bounds what archive/zip may read for the directory of a zip.
type directory struct {
	io.ReaderAt
	left int64 // in bytes; negative: no bound
}

func (d *directory) ReadAt(p []byte, at int64) (int, error) {
	if d.left >= 0 {
		if d.left -= int64(len(p)); d.left < 0 {
			return 0, fmt.Errorf("its directory is larger than %d MiB", maxDirectory>>20)
		}
	}
	return d.ReaderAt.ReadAt(p, at)
}
