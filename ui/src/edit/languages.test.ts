import { expect, it } from 'vitest'
import { languageOf } from './languages'

it.each([
  ['/srv/app/package.json', '', 'json'],
  ['/etc/nginx/nginx.conf', '', 'nginx'],
  ['/etc/nginx/sites-available/shop', '', 'nginx'],
  ['/etc/nginx/conf.d/a.conf', '', 'nginx'],
  ['/etc/my.cnf', '', 'properties'],
  ['/srv/Dockerfile.dev', '', 'dockerfile'],
  ['/home/ada/.bashrc', '', 'shell'],
  ['/usr/local/bin/deploy', '#!/usr/bin/env bash', 'shell'],
  ['/usr/local/bin/deploy', '#!/usr/bin/python3', 'python'],
  ['/usr/local/bin/deploy', '#!/bin/sh -e', 'shell'],
  ['/srv/README', 'Read me', null],
  ['/srv/.hidden', '', null],
  ['/srv/a.TS', '', 'typescript'],
])('%s that begins with "%s" is %s', (path, line, language) => {
  expect(languageOf(path, line)).toBe(language)
})
