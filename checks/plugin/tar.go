package plugin

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
)

func untar(u *unpacking, source io.Reader) error {
	unzipped, err := gzip.NewReader(source)
	if err != nil {
		return u.damaged("", err)
	}
	entries := tar.NewReader(&bounded{Reader: unzipped, left: min(maxUnpacked+maxEntries*1024, max(freeRatio, maxRatio*u.size))})
	for {
		header, err := entries.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return u.damaged("", err)
		}
		if err := u.tarEntry(header, entries); err != nil {
			return err
		}
	}
}

func (u *unpacking) tarEntry(header *tar.Header, content io.Reader) error {
	switch header.Typeflag {
	case tar.TypeReg:
		return u.file(header.Name, header.Size, content)
	case tar.TypeDir:
		clean, err := u.place(header.Name)
		if err != nil {
			return err
		}
		return u.folder(clean)
	case tar.TypeSymlink:
		return u.link(header.Name, header.Linkname)
	case tar.TypeXGlobalHeader: // a comment, such as git archive's commit
		return nil
	}
	return u.refuse(header.Name, "is neither file, folder nor symbolic link")
}

// bounded ends a tar whose headers, which no entry's size counts, go on and on.
type bounded struct {
	io.Reader
	left int64 // in bytes
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errors.New("it unpacks to far more than its size")
	}
	return n, err
}
